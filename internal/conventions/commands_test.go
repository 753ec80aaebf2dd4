//go:build unix

package conventions

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// commandsLimit bounds the commands of one page.
const commandsLimit = 2 * time.Minute

var (
	runBlock    = regexp.MustCompile("(?ms)^(?:```|<!-- )sh run\n(.*?)^(?:```|-->)$")
	defaultPort = regexp.MustCompile(`\b(8080|1935|3478|16080)\b`)
)

// TestCommandsInTheDocsWork runs what stands in blocks marked «sh run», all blocks of a page as one script in an empty
// directory, with the built superp2p on the PATH. A comment «<!-- sh run» is such a block that readers do not see: what
// people do by waiting and looking. Default ports are replaced by free ones. What a page starts in the background is
// ended with it.
func TestCommandsInTheDocsWork(t *testing.T) {
	scripts := map[string]string{}
	for _, page := range pages(t) {
		for _, m := range runBlock.FindAllStringSubmatch(string(read(t, page)), -1) {
			scripts[page] += m[1]
		}
	}
	require.NotEmpty(t, scripts, "no page has a block marked «sh run»")
	if testing.Short() {
		t.Skip("the commands of the docs start servers and use ffmpeg: make test runs them")
	}
	for _, tool := range []string{"ffmpeg", "ffprobe", "curl"} {
		_, err := exec.LookPath(tool)
		require.NoError(t, err, "call make tools, which installs %s", tool)
	}

	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/superp2p")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	for page, script := range scripts {
		t.Run(page, func(t *testing.T) {
			ports := map[string]string{}
			for _, p := range []string{"8080", "1935", "3478", "16080"} {
				ports[p] = freePort(t)
			}
			script = defaultPort.ReplaceAllStringFunc(script, func(p string) string { return ports[p] })

			ctx, cancel := context.WithTimeout(t.Context(), commandsLimit)
			defer cancel()
			sh := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-x", "-c", script)
			sh.Dir = t.TempDir()
			sh.Env = append(os.Environ(),
				"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
				"SUPERP2P_HTTP=127.0.0.1:"+ports["8080"],
				"SUPERP2P_RTMP=127.0.0.1:"+ports["1935"],
				"SUPERP2P_STUN=127.0.0.1:"+ports["3478"])
			// A group of its own, so that the whole of it can be ended: the shell's background jobs too.
			sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGTERM) }
			sh.WaitDelay = 5 * time.Second
			output, err := os.Create(filepath.Join(t.TempDir(), "output"))
			require.NoError(t, err)
			defer output.Close()
			sh.Stdout, sh.Stderr = output, output
			err = sh.Run()
			_ = syscall.Kill(-sh.Process.Pid, syscall.SIGTERM)
			said, readErr := os.ReadFile(output.Name())
			require.NoError(t, readErr)
			require.NoError(t, ctx.Err(), "not done after %s; it said:\n%s", commandsLimit, tail(said))
			require.NoError(t, err, "it said:\n%s", tail(said))
		})
	}
}

// freePort returns a TCP port that nothing listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// tail returns the last lines of an output.
func tail(b []byte) string {
	lines := strings.Split(string(bytes.TrimSpace(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
