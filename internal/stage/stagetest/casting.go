package stagetest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Make has ffmpeg write a file.
func Make(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command(Tool(t, "ffmpeg"), append([]string{"-v", "error"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Cast runs ffmpeg at the pace of its input until end is called, or the test ends. It says goodbye.
func Cast(t testing.TB, args ...string) (end func()) {
	t.Helper()
	return cast(t, nil, args)
}

func cast(t testing.TB, out io.WriteCloser, args []string) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, Tool(t, "ffmpeg"), append([]string{"-v", "error", "-re"}, args...)...)
	if out == nil {
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	} else {
		cmd.Stdout = out
	}
	done := make(chan struct{})
	require.NoError(t, cmd.Start())
	go func() {
		defer close(done)
		_ = cmd.Wait()
		if out != nil {
			_ = out.Close()
		}
	}()
	end = func() {
		cancel()
		<-done
	}
	t.Cleanup(end)
	return end
}

// CastFLV serves what ffmpeg makes as HTTP-FLV to one client at a time, and returns its URL. Once end was called nothing more is known of it.
func CastFLV(t testing.TB, args ...string) (url string, end func()) {
	t.Helper()
	from, to := io.Pipe()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 16<<10)
		n, err := from.Read(b)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "video/x-flv")
		for ; err == nil; n, err = from.Read(b) {
			if _, err := w.Write(b[:n]); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}))
	stop := cast(t, to, append(args, "-f", "flv", "-"))
	end = sync.OnceFunc(func() {
		_ = from.Close()
		stop()
	})
	t.Cleanup(func() {
		end()
		site.Close()
	})
	return site.URL + "/live.flv", end
}
