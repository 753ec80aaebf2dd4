// Package webtest holds only tests: of the page SDK in a real Chromium, beside native peers at a real server.
package webtest
