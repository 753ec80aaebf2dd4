/** Playlists whose URIs lead to URLs of the site. */

/** What is a URI of a playlist: another playlist, media, or something that players load from where it is. */
export type Sort = "playlist" | "media" | "other";

const sorts: Record<string, Sort> = {
  "#EXT-X-MEDIA": "playlist", "#EXT-X-I-FRAME-STREAM-INF": "playlist", "#EXT-X-RENDITION-REPORT": "playlist",
  "#EXT-X-MAP": "media", "#EXT-X-PART": "media", "#EXT-X-PRELOAD-HINT": "media",
};

/**
 * rewrite returns a playlist that came from base with each URI as place says; undefined leaves it. What holds variables
 * ({$name}) stays, since only players know them all.
 */
export function rewrite(text: string, base: string, place: (url: string, sort: Sort) => string | undefined): string {
  const put = (uri: string, sort: Sort): string => {
    if (!uri || uri.includes("{$")) return uri;
    try {
      const url = new URL(uri, base).href;
      return (/^https?:/.test(url) && place(url, sort)) || uri;
    } catch {
      return uri;
    }
  };
  let next: Sort = "media";
  return text.split(/\r?\n/).map((raw) => {
    const line = raw.trim();
    const tag = /^#EXT[^:]*/.exec(line)?.[0];
    if (tag === "#EXT-X-STREAM-INF") next = "playlist";
    if (tag) return line.replace(/([:,]\s*URI=")([^"]*)"/g, (_all, before: string, uri: string) => before + put(uri, sorts[tag] ?? "other") + '"');
    if (line === "" || line.startsWith("#")) return line;
    const sort = next;
    next = "media";
    return put(line, sort);
  }).join("\n");
}
