/** mpegts.js, which plays FLV: loaded when a page plays the first one. */
export { default } from "mpegts.js";
