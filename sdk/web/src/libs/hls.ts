/** hls.js without subtitles, DRM and advertisements (tools/sdkbuild says so): loaded when a page plays the first playlist. */
export { default } from "hls.js";
