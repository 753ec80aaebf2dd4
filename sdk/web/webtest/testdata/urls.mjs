// Checks what needs no browser of the Service Worker's URLs: node urls.mjs typescript.js folder of src/urls.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [compiler, folder] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(compiler);
async function load(name) {
  const options = { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2020 } };
  const { outputText } = ts.transpileModule(readFileSync(`${folder}/${name}.ts`, "utf8"), options);
  return import("data:text/javascript," + encodeURIComponent(outputText));
}
const { targetOf, urlOf } = await load("address");
const { partOf } = await load("ranges");
const { rewrite } = await load("rewrite");

const site = "https://site.example/";
for (const [path, target] of [
  ["p2p/cdn.example/live/a.flv?sign=1&t=2", "https://cdn.example/live/a.flv?sign=1&t=2"],
  ["p2p/cdn.example:8080/a.flv", "https://cdn.example:8080/a.flv"],
  ["p2p/http/cdn.example:8080/a%20b.flv#part", "http://cdn.example:8080/a%20b.flv"],
  ["p2p/https/cdn.example//a?u=https://x/", "https://cdn.example//a?u=https://x/"],
  ["p2p/rtmp/h.example:1935/app/stream?key=1", "rtmp://h.example:1935/app/stream?key=1"],
  ["p2p/rtsps/h.example/cam", "rtsps://h.example/cam"],
  ["p2p/http/[2001:db8::1]:80/a", "http://[2001:db8::1]:80/a"],
  ["p2p/cdn.example", "https://cdn.example"],
  ["p2p/cdn.example?x", "https://cdn.example?x"],
  ["p2p/channel/live1", "live1"],
  ["p2p/channel/live/test%20a?now=1", "live/test a"],
  ["p2p/", undefined],
  ["p2p/http/h/a?u=file:///b", "http://h/a?u=file:///b"],
  ["p2p/channel/", undefined],
  ["p2p/channel/%E0%A4%A", undefined],
  ["p2p/http/", undefined],
  ["p2p/http//a", undefined],
  ["p2p/a b/c", undefined],
  ["p2p2/cdn.example/a", undefined],
  ["p2p/cdn.example/" + "a".repeat(9000), undefined],
]) {
  assert.equal(targetOf(site + path, site), target, path);
}
assert.equal(targetOf("http://localhost:1/app/p2p/h/a", "http://localhost:1/app/"), "http://h/a");
assert.equal(targetOf("http://localhost:1/p2p/h/a", "http://localhost:1/app/"), undefined);
for (const target of [
  "https://cdn.example/a.flv?sign=1", "http://cdn.example:8080/a?b=%2F", "rtmp://u:p@h.example/app/stream", "live1", "live/test a", "50%",
]) {
  assert.equal(targetOf(urlOf(target, site), site), target);
}
assert.equal(urlOf("HTTP://CDN.example:80/a#b", site), site + "p2p/http/cdn.example/a");
for (const target of ["", "file:///etc/passwd", "data://x", "http://", "javascript://x/%0aalert()"]) assert.equal(urlOf(target, site), undefined, target);

for (const [header, part] of [
  ["bytes=0-", [0, 100]], ["bytes=10-19", [10, 20]], ["Bytes=90-200", [90, 100]], ["bytes=-10", [90, 100]], ["bytes=-500", [0, 100]],
  ["bytes=100-", "none"], ["bytes=-0", "none"], ["", undefined], ["bytes=5-4", undefined], ["bytes=0-1,4-5", undefined], ["lines=1-2", undefined],
  ["bytes=-", undefined],
]) {
  const got = partOf(header, 100);
  assert.deepEqual(got?.from === undefined ? got : [got.from, got.to], part, header);
}

const seen = {};
const place = (url, sort) => {
  seen[url] = sort;
  return urlOf(url, site).slice(site.length - 1);
};
const text = `#EXTM3U
#EXT-X-DEFINE:NAME="n",VALUE="v"
#EXT-X-MAP:URI="init.mp4",BYTERANGE="720@0"
#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/k?a=1",IV=0x1
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="/audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,VIDEO="URI"
low.m3u8?x=1
#EXTINF:2,\r
seg 1.ts?t=2
#EXTINF:2,
http://other.example/seg2.ts
#EXT-X-PART:DURATION=1,URI="p.m4s"
#EXTINF:2,
{$n}/seg3.ts
#EXTINF:2,
data:text/plain,x`;
assert.equal(rewrite(text, "https://cdn.example/dir/index.m3u8", place), `#EXTM3U
#EXT-X-DEFINE:NAME="n",VALUE="v"
#EXT-X-MAP:URI="/p2p/https/cdn.example/dir/init.mp4",BYTERANGE="720@0"
#EXT-X-KEY:METHOD=AES-128,URI="/p2p/https/keys.example/k?a=1",IV=0x1
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="/p2p/https/cdn.example/audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1,VIDEO="URI"
/p2p/https/cdn.example/dir/low.m3u8?x=1
#EXTINF:2,
/p2p/https/cdn.example/dir/seg%201.ts?t=2
#EXTINF:2,
/p2p/http/other.example/seg2.ts
#EXT-X-PART:DURATION=1,URI="/p2p/https/cdn.example/dir/p.m4s"
#EXTINF:2,
{$n}/seg3.ts
#EXTINF:2,
data:text/plain,x`);
assert.deepEqual(seen, {
  "https://cdn.example/dir/init.mp4": "media", "https://keys.example/k?a=1": "other", "https://cdn.example/audio.m3u8": "playlist",
  "https://cdn.example/dir/low.m3u8?x=1": "playlist", "https://cdn.example/dir/seg%201.ts?t=2": "media",
  "http://other.example/seg2.ts": "media", "https://cdn.example/dir/p.m4s": "media",
});
