package config

import (
	"time"
)

// Config is what an operator can set. The koanf tag is the key in the file; help and default serve the command line
// and --print-config alike. The zero value is not useful: start with Default.
type Config struct {
	HTTP       string `koanf:"http" default:":8080" placeholder:"ADDR" help:"Address of the HTTP port: edge, tracker, status page, SDK. Port 0 takes a free one."`
	TLSCert    string `koanf:"tls_cert" name:"tls-cert" placeholder:"FILE" help:"PEM file with the certificate chain; with tls_key it makes the HTTP port HTTPS."`
	TLSKey     string `koanf:"tls_key" name:"tls-key" placeholder:"FILE" help:"PEM file with the private key of tls_cert."`
	RTMP       string `koanf:"rtmp" default:":1935" placeholder:"ADDR" help:"Address of the RTMP port that takes published streams. Empty turns it off."`
	STUN       string `koanf:"stun" default:":3478" placeholder:"ADDR" help:"UDP address of the STUN port, by which viewers learn their public address. Empty turns it off."`
	PublicHost string `koanf:"public_host" name:"public-host" placeholder:"HOST" help:"Host by which viewers reach the STUN port. If empty, the host of each viewer's own request."`

	Channels     map[string]Channel `koanf:"channels" name:"channels" aliases:"channel" placeholder:"ID=URL" help:"Sources by channel id. In the file a value is a URL, or a mapping of source and publish_key."`
	Origins      []string           `koanf:"origins" aliases:"origin" placeholder:"HOST" help:"What else may be pulled: [scheme://]host[:port][/path], *.example.com, an address or a CIDR block. Private addresses need an entry of their own."`
	PublishKey   string             `koanf:"publish_key" name:"publish-key" placeholder:"KEY" help:"Key that publishers by RTMP must give as ?key=KEY. If empty, anyone who reaches the RTMP port may publish."`
	PerViewer    []string           `koanf:"per_viewer_keys" name:"per-viewer-keys" default:"${per_viewer_keys}" placeholder:"NAME" help:"Query keys that differ per viewer and so do not count in a stream's identity; case does not matter."`
	SigningKey   string             `koanf:"signing_key_file" name:"signing-key-file" placeholder:"FILE" help:"File with the private key that signs slices, made when missing. If empty, each start makes a fresh key."`
	Window       time.Duration      `koanf:"window" default:"40s" placeholder:"TIME" help:"How much of a live stream is kept for viewers."`
	Linger       time.Duration      `koanf:"source_linger" name:"source-linger" default:"30s" placeholder:"TIME" help:"How long after its last viewer a pulled source is let go."`
	StartTimeout time.Duration      `koanf:"start_timeout" name:"start-timeout" default:"8s" placeholder:"TIME" help:"How long a first play waits for the source's first group."`
	IdleTimeout  time.Duration      `koanf:"source_idle_timeout" name:"source-idle-timeout" default:"10s" placeholder:"TIME" help:"A source that sends nothing for so long counts as lost."`
	GiveUp       time.Duration      `koanf:"source_give_up" name:"source-give-up" default:"60s" placeholder:"TIME" help:"How long a lost source is retried, or a lost publisher awaited, before the stream has ended."`

	Limits Limits `koanf:"limits" embed:"" prefix:"limits-"`
	Log    Log    `koanf:"log" embed:"" prefix:"log-"`
}

// Limits bound what the server holds.
type Limits struct {
	Streams     int  `koanf:"streams" default:"100" placeholder:"N" help:"Streams held at the same time."`
	Waiting     int  `koanf:"waiting" default:"10000" placeholder:"N" help:"Requests that wait for slices of one stream at the same time."`
	Readers     int  `koanf:"readers" default:"200" placeholder:"N" help:"Players of one stream by plain HTTP-FLV at the same time."`
	Connections int  `koanf:"connections" default:"50000" placeholder:"N" help:"Connections to the HTTP port at the same time, the tracker's included; further ones wait."`
	StreamBytes Size `koanf:"stream_bytes" name:"stream-bytes" default:"64MiB" placeholder:"SIZE" help:"Bytes kept of one stream, whatever the window."`
}

// Log says what is logged, to standard error.
type Log struct {
	Level  string `koanf:"level" default:"info" enum:"debug,info,warn,error" placeholder:"WORD" help:"Least level that is logged: debug, info, warn or error."`
	Format string `koanf:"format" default:"text" enum:"text,json" placeholder:"WORD" help:"Form of log lines: text or json."`
}

// Channel is one entry of channels.
type Channel struct {
	// Source is the URL to pull. If empty, the channel is one that is published to.
	Source string `koanf:"source" help:"URL to pull. If empty, the channel is published to by RTMP."`
	// PublishKey is the key for publishing under this name. If empty, the global publish_key holds.
	PublishKey string `koanf:"publish_key" help:"Key for publishing under this name, instead of the global publish_key."`
}

// UnmarshalText reads the short form, a source URL.
func (c *Channel) UnmarshalText(text []byte) error {
	c.Source = string(text)
	return nil
}

// perViewerKeys are the query keys by which common CDNs sign URLs per viewer, and usual names of session tokens.
const perViewerKeys = "sign,t,us,exper,txSecret,txTime,token,auth_key,wsSecret,wsTime,wsABSTime," +
	"expire,expires,sig,signature,policy,key-pair-id,hdnts,hdnea,session,sessionid,uid"

// Vars are the values that the help and default tags of Config refer to, for who embeds it in a command line.
func Vars() map[string]string { return map[string]string{"per_viewer_keys": perViewerKeys} }

// Default returns the configuration that an empty file, environment and command line give.
func Default() Config {
	c, err := Load(Sources{})
	if err != nil {
		// The tags above are wrong; the package's tests hold that they are not.
		return Config{}
	}
	return c
}
