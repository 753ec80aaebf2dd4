package client

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// traffic counts the bytes of all connections of a client.
type traffic struct{ sent, received atomic.Uint64 }

type countedConn struct {
	net.Conn
	*traffic
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(uint64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(uint64(n))
	return n, err
}

// httpClient returns a client for one handshake, whose connection is counted.
func (c *Client) httpClient() (*http.Client, *http.Transport) {
	transport := &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: c.cfg.TLS,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := c.cfg.Dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return countedConn{conn, &c.traffic}, nil
		},
	}
	return &http.Client{Transport: transport}, transport
}
