/* How figures are written. */
export const bytes = (n) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 999.5 && i < units.length - 1; i++) n /= 1000;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
};
/** rate writes bytes a second, shorter. */
export const rate = (n) => n < 1000 ? (n < 50 ? "0" : "<1") + " kB/s" : n < 999_500 ? Math.round(n / 1000) + " kB/s" : (n / 1e6).toFixed(1) + " MB/s";
export const percent = (x) => (x >= 0.9995 || x === 0 ? Math.round(100 * x) : (100 * x).toFixed(1)) + " %";
export const seconds = (s) => s.toFixed(s < 9.95 ? 1 : 0) + " s";
export const lasted = (s) => s < 120 ? Math.round(s) + " s" : s < 7200 ? Math.round(s / 60) + " min" : (s / 3600).toFixed(1) + " h";
export const clock = (s) => {
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  return (s >= 3600 ? Math.floor(s / 3600) + ":" + two(s / 60 % 60) : Math.floor(s / 60)) + ":" + two(s % 60);
};
/** short names a stream in a list: a URL by its host and its last part, without the signature. */
export const short = (stream) => {
  const m = /^\w+:\/\/([^/?#]*)([^?#]*)/.exec(stream);
  return m ? m[1] + " … " + m[2].split("/").pop() : stream;
};
