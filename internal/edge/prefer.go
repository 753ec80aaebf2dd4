package edge

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
)

// preferences are what a request for a slice prefers (RFC 7240).
type preferences struct {
	wait   time.Duration // until the slice is cut; whole seconds, 0 to edgeapi.MaxWaitSeconds
	copies int           // give it only if fewer copies are out; 1 to edgeapi.MaxCopies, 0: however many
}

// preferencesOf reads Prefer: wait=N, copies=N, or the same in the query, because a header of that kind costs a page a
// preflight for each slice. The header goes first. A value that makes no sense is none.
func preferencesOf(r *http.Request) (p preferences) {
	query := r.URL.Query()
	if n, err := strconv.ParseUint(preference(r, query, "wait"), 10, 31); err == nil {
		p.wait = time.Duration(min(n, edgeapi.MaxWaitSeconds)) * time.Second
	}
	if n, err := strconv.ParseUint(preference(r, query, "copies"), 10, 31); err == nil && n <= edgeapi.MaxCopies {
		p.copies = int(n)
	}
	return p
}

// preference returns the value that a request gives for one name, "" if none.
func preference(r *http.Request, query url.Values, wanted string) string {
	text := query.Get(wanted)
	for _, line := range r.Header.Values("Prefer") {
		for one := range strings.SplitSeq(line, ",") {
			one, _, _ = strings.Cut(one, ";")
			name, value, _ := strings.Cut(one, "=")
			if strings.EqualFold(strings.TrimSpace(name), wanted) {
				text = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return text
}

// String writes them as Preference-Applied does; "" if there are none.
func (p preferences) String() string {
	var list []string
	if p.wait > 0 {
		list = append(list, "wait="+strconv.Itoa(int(p.wait.Seconds())))
	}
	if p.copies > 0 {
		list = append(list, "copies="+strconv.Itoa(p.copies))
	}
	return strings.Join(list, ", ")
}
