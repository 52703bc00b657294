export const codecs = {
  title: 'Codecs',
} as const;
