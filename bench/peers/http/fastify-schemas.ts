/** What Fastify compiles its serialiser from. */
export const userResponse = {
  200: {
    type: 'object',
    required: ['id', 'name', 'email', 'country', 'points'],
    properties: {
      id: { type: 'integer' },
      name: { type: 'string' },
      email: { type: 'string' },
      country: { type: 'string' },
      points: { type: 'integer' },
    },
  },
};
