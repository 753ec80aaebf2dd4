package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/proxy"
)

type proxyCommand struct {
	Listen       string        `default:"127.0.0.1:16080" placeholder:"ADDR" help:"Where players connect. Beyond this machine only if you say so. (default: ${default})"`
	Server       string        `default:"http://127.0.0.1:8080" placeholder:"URL" help:"The superp2p server. (default: ${default})"`
	Delay        *seconds      `placeholder:"SECONDS" help:"How far behind live to play, 2 to 30 s, unless the address says otherwise. (default: 6, of HLS at least nearly two segments)"`
	Linger       time.Duration `default:"5s" placeholder:"TIME" help:"How long a stream is kept after its last player. (default: ${default})"`
	Redirect     bool          `help:"Send players to the stream's own http(s) address when P2P cannot start, instead of an error."`
	NoUpload     bool          `name:"no-upload" help:"Give peers nothing, until /feature?upload=1."`
	AllowHost    []string      `name:"allow-host" placeholder:"NAME" help:"Name by which the proxy may be called, beside addresses and localhost."`
	TrustOrigin  []string      `name:"trust-origin" placeholder:"URL" help:"Site (scheme://host) whose pages may use /feature and see all of /stat."`
	MaxStreams   int           `name:"max-streams" default:"16" placeholder:"N" help:"Streams at the same time. (default: ${default})"`
	MaxPlayers   int           `name:"max-players" default:"64" placeholder:"N" help:"Players at the same time. (default: ${default})"`
	Memory       byteSize      `default:"0" placeholder:"SIZE" help:"Memory for each stream. (default: 64M of a live one, 256M of a file)"`
	TotalMemory  byteSize      `name:"total-memory" default:"0" placeholder:"SIZE" help:"Memory for all streams together; each gets an equal part. (default: no limit)"`
	Cache        string        `placeholder:"DIR" help:"Keep what was seen of files in this directory, beyond memory and for later."`
	CacheSize    byteSize      `name:"cache-size" default:"1G" placeholder:"SIZE" help:"At most so much of it. (default: ${default})"`
	StartTimeout time.Duration `name:"start-timeout" default:"10s" placeholder:"TIME" help:"How long a stream may take to start. (default: ${default})"`
	Loopback     bool          `hidden:"" help:"Keep peers to this machine."`
	Verbose      bool          `short:"v" help:"Log what happens to standard error."`
}

// Help is shown below the flags by --help.
func (proxyCommand) Help() string {
	return "Put the proxy's address between http:// and the host of a stream, and any player plays it through P2P:\n\n" +
		"  http://cdn.example/live/1.flv?k=v     http://127.0.0.1:16080/cdn.example/live/1.flv?k=v\n" +
		"  https://cdn.example/live/1.flv        http://127.0.0.1:16080/https/cdn.example/live/1.flv\n" +
		"  rtmp://cdn.example/live/1?k=v         http://127.0.0.1:16080/rtmp/cdn.example/live/1.flv?k=v\n" +
		"  rtsp://cam.example/live/1             http://127.0.0.1:16080/rtsp/cam.example/live/1.flv\n" +
		"  https://cdn.example/live/1.m3u8       http://127.0.0.1:16080/https/cdn.example/live/1.m3u8\n" +
		"  channel live1 of the server           http://127.0.0.1:16080/channel/live1.flv\n\n" +
		"Add superp2p_delay=SECONDS to play nearer to or further from live, as=m3u8 where an HLS playlist's path does not\n" +
		"end with .m3u8, and as=flv to get HLS as FLV.\n\n" +
		"  /stat?xresid=cdn.example/live/1.flv   bytes from peers and server, as JSON; all streams without xresid\n" +
		"  /feature?download=0&upload=0          switch taking from peers and giving to them (0 or 1)\n\n" +
		"When P2P cannot start, the player gets a 4xx or 5xx status with the reason as JSON, and plays the stream's own\naddress.\n\n" +
		"Example:\n\n  superp2p proxy --server https://p2p.example"
}

// Run serves players until ctx ends.
func (c *proxyCommand) Run(ctx context.Context, std stdio) error {
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(std.Err, &slog.HandlerOptions{Level: level}))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%s cannot be listened on; choose another with --listen: %w", c.Listen, err)
	}
	if a, ok := listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		log.Warn("the proxy can be reached from other machines, and whoever reaches it can watch through it", "address", a)
	}
	if c.Cache != "" { // said now and not by each stream
		if err := os.MkdirAll(c.Cache, 0o700); err != nil {
			_ = listener.Close()
			return fmt.Errorf("the cache's directory cannot be used; choose one that can be written to: %w", err)
		}
	}
	p := proxy.New(proxy.Config{
		Media: superp2p.Config{
			Server: c.Server, StartTimeout: c.StartTimeout, NoUpload: c.NoUpload, Loopback: c.Loopback, Logger: log,
			Memory: int(c.Memory), CacheDir: c.Cache, CacheBytes: int64(c.CacheSize), Node: superp2p.NewNode(int(c.TotalMemory)),
		},
		Delay: c.Delay.orDefault(), Linger: c.Linger, Redirect: c.Redirect, AllowHosts: c.AllowHost, TrustedOrigins: c.TrustOrigin,
		MaxStreams: c.MaxStreams, MaxPlayers: c.MaxPlayers, Logger: log,
	})
	_, _ = fmt.Fprintf(std.Err, "proxy on http://%s for %s; superp2p proxy --help shows how to play through it\n",
		listener.Addr(), c.Server)
	return p.Serve(ctx, listener)
}
