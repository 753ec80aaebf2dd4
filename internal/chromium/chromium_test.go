package chromium_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/chromium"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestItShowsPagesAndEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("it drives a browser: make test runs it")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	b, err := chromium.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(b.End)
	require.Positive(t, b.PID)
	n, err := chromedp.Run(b.Context, chromedp.Evaluate[int]("6 * 7"))
	require.NoError(t, err)
	require.Equal(t, 42, n)
	b.End()
	require.Error(t, b.Context.Err())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "of its profile")
}

func TestWithoutABrowserItSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := chromium.Start(t.Context())
	require.ErrorContains(t, err, "make tools")
}
