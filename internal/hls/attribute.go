package hls

// attribute is one entry of an attribute list.
type attribute struct {
	name   string
	value  string // without its quotes, variables put in if it had quotes
	quoted bool
	raw    string // the value as it stands, without its quotes
	start  int    // where the value begins in the list, its quotes included
	end    int
}

type attributes []attribute

// get returns an attribute's value, "" if it is not there.
func (a attributes) get(name string) string {
	for i := range a {
		if a[i].name == name {
			return a[i].value
		}
	}
	return ""
}

func (a attributes) yes(name string) bool { return a.get(name) == "YES" }

// parseAttributes reads an attribute list (RFC 8216, 4.2); false if it is damaged. Beyond the RFC it takes what is
// common and harmless: blanks around names and values, and an empty place between commas.
func parseAttributes(s string) (attributes, bool) {
	var all attributes
	for at := 0; ; {
		for at < len(s) && (isBlank(s[at]) || s[at] == ',') {
			at++
		}
		if at == len(s) {
			return all, true
		}
		begin := at
		for at < len(s) && isNameByte(s[at]) {
			at++
		}
		a := attribute{name: s[begin:at]}
		for at < len(s) && isBlank(s[at]) {
			at++
		}
		if a.name == "" || at == len(s) || s[at] != '=' || len(all) == maxAttributes {
			return nil, false
		}
		for i := range all {
			if all[i].name == a.name {
				return nil, false // players differ in which of the two counts
			}
		}
		at++
		for at < len(s) && isBlank(s[at]) {
			at++
		}
		a.start = at
		if at < len(s) && s[at] == '"' {
			a.quoted = true
			at++
			for at < len(s) && s[at] != '"' {
				at++
			}
			if at == len(s) {
				return nil, false
			}
			a.raw = s[a.start+1 : at]
			at++
			a.end = at
			for at < len(s) && isBlank(s[at]) {
				at++
			}
			if at < len(s) && s[at] != ',' {
				return nil, false
			}
		} else {
			for at < len(s) && s[at] != ',' {
				at++
			}
			a.end = at
			for a.end > a.start && isBlank(s[a.end-1]) {
				a.end--
			}
			a.raw = s[a.start:a.end]
		}
		a.value = a.raw
		all = append(all, a)
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isNameByte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
