export const files = {
  title: 'Import and export',
} as const;
