package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of processor time in /proc (USER_HZ), which is the same on all Linux machines.
const ticksPerSecond = 100

// usage adds up the processor time that a browser takes, by kind of process and thread. Make one with newUsage.
type usage struct {
	root int
	last map[string]float64 // seconds, by process and thread
}

// spent is processor time in seconds by where it went, such as «renderer CrRendererMain».
type spent map[string]float64

func (s spent) add(other spent) {
	for name, n := range other {
		s[name] += n
	}
}

// all is what was spent by everything whose name has a prefix.
func (s spent) all(prefix string) float64 {
	sum := 0.0
	for name, n := range s {
		if strings.HasPrefix(name, prefix) {
			sum += n
		}
	}
	return sum
}

func newUsage(root int) *usage { return &usage{root: root, last: map[string]float64{}} }

// take returns what was spent since the last call. What a thread spent that has ended since is in «kind (ended)».
func (u *usage) take() spent {
	out, now := spent{}, map[string]float64{}
	for pid, kind := range tree(u.root) {
		dir := "/proc/" + strconv.Itoa(pid)
		whole, _, ok := times(dir + "/stat")
		if !ok {
			continue
		}
		key := "p" + strconv.Itoa(pid)
		now[key] = whole
		left := whole - u.last[key]
		threads, _ := filepath.Glob(dir + "/task/*")
		for _, thread := range threads {
			n, name, ok := times(thread + "/stat")
			if !ok {
				continue
			}
			now[thread] = n
			if filepath.Base(thread) == strconv.Itoa(pid) {
				name = "main"
			}
			out[kind+" "+name] += n - u.last[thread]
			left -= n - u.last[thread]
		}
		out[kind+" (ended)"] += left
	}
	u.last = now
	return out
}

// resident returns how much memory the largest renderer of a browser has, in bytes.
func resident(root int) float64 {
	most := 0.0
	for pid, kind := range tree(root) {
		if kind != "renderer" {
			continue
		}
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
		if err != nil {
			continue
		}
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			pages, _ := strconv.ParseFloat(fields[1], 64)
			most = max(most, pages*float64(os.Getpagesize()))
		}
	}
	return most
}

// times reads a stat file: the processor time in seconds and the name.
func times(file string) (seconds float64, name string, ok bool) {
	text, err := os.ReadFile(file) //nolint:gosec // of /proc
	if err != nil {
		return 0, "", false
	}
	from, to := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')')
	if from < 0 || to < from {
		return 0, "", false
	}
	fields := strings.Fields(string(text[to+1:])) // from the third field on
	if len(fields) < 13 {
		return 0, "", false
	}
	for _, field := range fields[11:13] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, "", false
		}
		seconds += n / ticksPerSecond
	}
	return seconds, string(text[from+1 : to]), true
}

// tree returns a process and all that descend from it, each with its kind: that of --type, of a service its name.
func tree(root int) map[int]string {
	children := map[int][]int{}
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range entries {
		var pid, parent int
		text, err := os.ReadFile(file) //nolint:gosec // of /proc
		if err != nil {
			continue
		}
		after := string(text[strings.LastIndexByte(string(text), ')')+1:])
		var state string
		if _, err := fmt.Sscan(after, &state, &parent); err != nil {
			continue
		}
		if pid, err = strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	all := map[int]string{}
	for todo := []int{root}; len(todo) > 0; todo = todo[1:] {
		all[todo[0]] = kindOf(todo[0])
		todo = append(todo, children[todo[0]]...)
	}
	return all
}

func kindOf(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline") //nolint:gosec // of /proc
	kind := "browser"
	for part := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == 0 || r == ' ' }) {
		if name, ok := strings.CutPrefix(part, "--type="); ok {
			kind = name
		}
		if name, ok := strings.CutPrefix(part, "--utility-sub-type="); ok {
			kind, _, _ = strings.Cut(name, ".")
		}
	}
	return kind
}
