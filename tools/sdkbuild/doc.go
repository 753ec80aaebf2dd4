// Command sdkbuild makes the page SDK: the engine as WebAssembly, the script, bundled of TypeScript by esbuild, and the
// libraries that play media, each as a file of its own. They are those of web/node_modules, which npm installs. It prints what
// a page loads and fails where that is more than a page can wait for.
package main
