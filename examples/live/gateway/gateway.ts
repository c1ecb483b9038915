import type { Registry, Resolver } from 'flotilla/discovery';
import { createGateway, expose, type Gateway, jwtAuthentication, type LaneRules } from 'flotilla/edge/gateway';
import type { LocalNetwork } from 'flotilla/rpc';
import { tokenAudience, tokenIssuer } from '../account/token.ts';
import { comments as accountComments } from '../gen/live/account/v1/account_comments.ts';
import { AccountService } from '../gen/live/account/v1/account_pb.ts';
import { comments as giftComments } from '../gen/live/gift/v1/gift_comments.ts';
import { GiftService } from '../gen/live/gift/v1/gift_pb.ts';
import { comments as rankComments } from '../gen/live/rank/v1/rank_comments.ts';
import { RankService } from '../gen/live/rank/v1/rank_pb.ts';
import { comments as roomComments } from '../gen/live/room/v1/room_comments.ts';
import { RoomService } from '../gen/live/room/v1/room_pb.ts';
import { addEvents } from './events.ts';
import { addHome } from './home.ts';

export interface LiveGatewayOptions {
  readonly resolver: Resolver;
  readonly local?: LocalNetwork | undefined;
  readonly registry?: Registry;
  /** Which lanes strangers may enter. Default: none. */
  readonly lanes?: LaneRules;
  /** What `account` signs tokens with. */
  readonly jwtSecret: string;
  /** Whose data callers without a token see, and where accounts are opened. */
  readonly tenant: string;
  /** Where the console shows a trace. Default: nowhere. */
  readonly traceUrl?: string | undefined;
}

/** The public API of live rooms: the annotated methods of four services, and two routes that no single one could answer. */
export function liveGateway(options: LiveGatewayOptions): Gateway {
  const { resolver, local, registry, lanes = {}, jwtSecret, tenant, traceUrl } = options;
  const gateway = createGateway({
    name: 'gateway',
    resolver,
    local,
    ...(registry !== undefined && { registry }),
    fields: lanes,
    services: [
      expose(AccountService, {
        target: 'account',
        comments: accountComments,
        access: { signUp: 'public', signIn: 'public', getAccount: 'optional' },
      }),
      expose(RoomService, {
        target: 'room',
        comments: roomComments,
        access: { listRooms: 'optional', getRoom: 'optional', listMessages: 'optional' },
      }),
      expose(GiftService, { target: 'gift', comments: giftComments, access: { listGiftKinds: 'public' } }),
      expose(RankService, { target: 'rank', comments: rankComments, access: { getRanking: 'optional' } }),
    ],
    auth: {
      authenticate: jwtAuthentication({
        keys: [{ secret: jwtSecret }],
        algorithms: ['HS256'],
        issuer: tokenIssuer,
        audience: tokenAudience,
      }),
      anonymous: { tenant, principal: '' },
    },
    openapi: {
      title: 'Live rooms',
      version: '1.0.0',
      description: 'Rooms with chat, gifts and rankings. Sign up or in, and send the token as `Authorization: Bearer`.',
    },
    ...(traceUrl !== undefined && { traceUrl }),
  });
  addHome(gateway);
  addEvents(gateway);
  return gateway;
}
