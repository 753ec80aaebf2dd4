package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	// playerVersion is that of Flash Player 10.1 in a SWF.
	playerVersion = 10
	// maxSize is the largest size that the SWF may have, in bytes.
	maxSize = 40 << 10
	// haxeVersion is what made the committed SWF. Another one makes other bytes.
	haxeVersion = "4.2.5"
)

// movies are what is made: the file, the folder of its sources, and its document class.
var movies = []struct{ file, src, class string }{{"superp2p.swf", "src", "SuperP2P"}, {"player.swf", "player", "Player"}}

// library are the classes of Haxe's own that may be in the SWF. They get other names: a program that is made by Haxe, too, has classes of
// the same names, of which the Flash Player takes those of the program that loads, and these lack what the program does not use.
var library = []string{
	"Std", "Reflect", "StringBuf", "StringTools", "Type", "EReg", "List", "haxe.Exception", "haxe.IMap", "haxe.NativeStackTrace",
	"haxe.ValueException", "haxe.Json", "haxe.format.JsonParser", "haxe.format.JsonPrinter", "haxe.iterators.ArrayIterator",
	"haxe.iterators.ArrayKeyValueIterator", "haxe.iterators.MapKeyValueIterator", "haxe.ds.StringMap", "flash.Lib", "flash.Boot",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: swfbuild FLASH, for example swfbuild sdk/flash")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "swfbuild:", err)
		os.Exit(1)
	}
}

func run(flash string) error {
	version, err := haxe()
	if err != nil {
		return err
	}
	if version != haxeVersion {
		fmt.Printf("swfbuild: this is Haxe %s; the SWF that is committed is made by %s\n", version, haxeVersion)
	}
	for _, m := range movies {
		file, err := build(filepath.Join(flash, m.src), m.class)
		if err != nil {
			return err
		}
		out := filepath.Join(flash, m.file)
		fmt.Printf("%s: %d bytes\n", out, len(file))
		if err := os.WriteFile(out, file, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// haxe returns the version of the compiler that is here.
func haxe() (string, error) {
	out, err := exec.Command("haxe", "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("haxe is missing (call make tools): %w", err)
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "+")
	return version, nil
}

// build compiles the sources and returns the SWF.
func build(src, class string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "swfbuild")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	compiled := filepath.Join(dir, "haxe.swf")
	// No member after 10.1 compiles; a class of our own overrides Flash's members as they are.
	args := []string{"-cp", src, "-main", class, "-swf", compiled, "-swf-version", "10.1", "-swf-header", "640:360:30:000000",
		"-D", "no-flash-override", "-D", "dontWaitStage", "-dce", "full", "--no-traces"}
	for _, name := range library {
		args = append(args, "--macro", `addMetadata('@:native("superp2p.`+strings.ToLower(class)+`.`+name[strings.LastIndexByte(name, '.')+1:]+`")', '`+name+`')`)
	}
	cmd := exec.Command("haxe", args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("haxe: %w\n%s", err, said.String())
	}
	file, err := os.ReadFile(compiled)
	if err != nil {
		return nil, err
	}
	m, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := m.adopt(class); err != nil {
		return nil, err
	}
	if err := m.suitRuffle(); err != nil {
		return nil, err
	}
	if m.version != playerVersion {
		return nil, fmt.Errorf("the SWF has version %d, and Flash Player 10.1 knows %d", m.version, playerVersion)
	}
	if file, err = m.bytes(); err != nil {
		return nil, err
	}
	if len(file) > maxSize {
		return nil, errors.New("the SWF is larger than 40 KB")
	}
	return file, nil
}
