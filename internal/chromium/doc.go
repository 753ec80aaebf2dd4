// Package chromium starts the browser that tests and benchmarks drive: the Chromium or Chrome of this machine, without a window,
// with a profile of its own, whose pages play without a click, stay awake in the background and reach peers on this machine.
//
// Start may be called concurrently; each browser is a process of its own.
package chromium
