package stage_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnTheAirAndClosed(t *testing.T) {
	st, err := stage.Start(t.Context(), stage.Config{})
	require.NoError(t, err)
	stagetest.OnAir(t, st.ServerURL(), st.Channel())
	require.NoError(t, st.Close())
}

func TestATakenPortIsAnErrorAndLeavesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // the test is over
	_, err = stage.Start(t.Context(), stage.Config{Listen: l.Addr().String()})
	require.ErrorContains(t, err, "choose another")
}
