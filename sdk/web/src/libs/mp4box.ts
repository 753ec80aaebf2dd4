/** mp4box, which takes MP4 files apart: loaded when a page plays the first one. */
export { createFile, DataStream } from "mp4box";
