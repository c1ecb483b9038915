/** Types outside of text/ that are text inside, or data without compression of its own. */
const compressibleTypes = new Set([
  'application/geo+json',
  'application/graphql',
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/manifest+json',
  'application/rtf',
  'application/sql',
  'application/toml',
  'application/vnd.ms-fontobject',
  'application/wasm',
  'application/x-javascript',
  'application/x-ndjson',
  'application/xml',
  'application/yaml',
  'font/otf',
  'font/ttf',
  'image/bmp',
  'image/svg+xml',
  'image/x-icon',
]);

/** Whether content of this type gets notably smaller. Pictures, sound, video and archives do not. */
export function isCompressible(contentType: string): boolean {
  const mark = contentType.indexOf(';');
  const essence = (mark < 0 ? contentType : contentType.slice(0, mark)).trimEnd().toLowerCase();
  return (
    essence.startsWith('text/') ||
    compressibleTypes.has(essence) ||
    ((essence.endsWith('+json') || essence.endsWith('+xml')) && essence.startsWith('application/'))
  );
}
