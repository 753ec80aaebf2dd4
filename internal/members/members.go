package members

import (
	"slices"
	"strings"
)

// Kind says what a Member is of a NetStream.
type Kind string

// The kinds of members.
const (
	Method        Kind = "method"
	Constant      Kind = "constant"      // static, of NetStream or NetStreamAppendBytesAction
	Option        Kind = "option"        // a property of NetStreamPlayOptions
	Transition    Kind = "transition"    // a constant of NetStreamPlayTransitions
	Property      Kind = "property"      //
	Info          Kind = "info"          // a property of NetStreamInfo
	MulticastInfo Kind = "multicastInfo" // a property of NetStreamMulticastInfo
	Event         Kind = "event"         // a code of netStatus or onPlayStatus
	Callback      Kind = "callback"      // a method of NetStream.client
)

// Status says how far a member goes.
type Status string

// The statuses.
const (
	Full   Status = "full"   // does what the reference says; of the SWF see Member.SWF
	Native Status = "native" // only Flash's own class acts on it; elsewhere it is kept or has its documented value
	Error  Status = "error"  // only Flash's own class can; elsewhere it gives its documented error
)

// Member is one of them.
type Member struct {
	Kind Kind
	Name string // as ActionScript and JavaScript spell it; of an event its code
	// Go is what stands for it in the root package: Type.Member or a name of the package; several with spaces between.
	Go     string
	Status Status
	Test   string // the Go test that covers it; "" if none does yet
}

// All returns every member, in the order of the contract.
func All() []Member { return slices.Concat(methods(), properties(), infos(), events()) }

// JS returns how the page SDK spells it.
func (m *Member) JS() string {
	switch m.Kind {
	case Constant:
		return "P2PNetStream." + m.Name
	case Transition, Event:
		return `"` + m.Name + `"`
	case Info, MulticastInfo:
		return string(m.Kind) + "." + m.Name
	case Callback:
		return "client." + m.Name
	}
	return m.Name
}

// AS3 returns how ActionScript spells it.
func (m *Member) AS3() string {
	switch m.Kind {
	case Constant:
		if strings.HasSuffix(m.Name, "_BEGIN") || strings.HasSuffix(m.Name, "_SEEK") || strings.HasSuffix(m.Name, "_SEQUENCE") {
			return "NetStreamAppendBytesAction." + m.Name
		}
		return "NetStream." + m.Name
	case Option:
		return "NetStreamPlayOptions." + m.Name
	case Transition:
		return "NetStreamPlayTransitions." + strings.ToUpper(strings.ReplaceAll(m.Name, "AndWait", "_and_wait"))
	case Info:
		return "NetStreamInfo." + m.Name
	case MulticastInfo:
		return "NetStreamMulticastInfo." + m.Name
	}
	return m.JS()
}

// Table returns the list as a table in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| | member | Go | JS | AS3 | status | SWF | test |\n|---|---|---|---|---|---|---|---|\n")
	code := func(s string) string { return "`" + s + "`" }
	for _, m := range All() {
		spelled := strings.Fields(m.Go)
		for i, s := range spelled {
			spelled[i] = code(strings.TrimPrefix(s, "P2PNetStream."))
		}
		test := "-"
		if m.Test != "" {
			test = code(m.Test)
		}
		b.WriteString("| " + strings.Join([]string{
			string(m.Kind), code(m.Name), strings.Join(spelled, " "), code(m.JS()), code(m.AS3()), string(m.Status), m.SWF(), test,
		}, " | ") + " |\n")
	}
	return b.String()
}
