/** What makes FLV for SWFs in a page: loaded when the first one plays by it. */
export { begin } from "../flash/view";
