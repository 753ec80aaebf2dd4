package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]byteSize{
		"0": 0, "1500000": 1_500_000, "300k": 300 << 10, "512M": 512 << 20, "1G": 1 << 30, "1.5GB": 3 << 29, "2T": 2 << 40,
	} {
		var b byteSize
		require.NoError(t, b.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, b, text)
	}
	for _, text := range []string{"", "M", "-1", "NaN", "1e30", "five", "1X", "9999T"} {
		require.Error(t, new(byteSize).UnmarshalText([]byte(text)), text)
	}
}
