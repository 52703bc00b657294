export const access = {
  sign_in_title: 'Sign in',
} as const;
