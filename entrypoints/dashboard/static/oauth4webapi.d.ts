// The declarations of oauth4webapi 3.8.8 that sign-in.js uses.

export const allowInsecureRequests: unique symbol;

export interface AuthorizationServer {
  issuer: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
}

export interface Client {
  client_id: string;
}

export interface RequestOptions {
  [allowInsecureRequests]?: boolean;
  signal?: AbortSignal;
}

export interface TokenEndpointResponse {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

export interface IDToken {
  exp: number;
  iat: number;
  sub: string;
  [claim: string]: unknown;
}

export type ClientAuthentication = (server: AuthorizationServer, client: Client) => void;

/** The issuer redirected with an error. */
export class AuthorizationResponseError extends Error {
  error: string;
  error_description?: string;
}

/** The token endpoint answered with an OAuth error. */
export class ResponseBodyError extends Error {
  error: string;
  error_description?: string;
  status: number;
}

/** A response is not as the standard says. */
export class OperationProcessingError extends Error {
  code?: string;
}

export class WWWAuthenticateChallengeError extends Error {}

export function None(): ClientAuthentication;
export function generateRandomState(): string;
export function generateRandomNonce(): string;
export function generateRandomCodeVerifier(): string;
export function calculatePKCECodeChallenge(codeVerifier: string): Promise<string>;
export function validateAuthResponse(
  server: AuthorizationServer,
  client: Client,
  parameters: URLSearchParams,
  expectedState?: string,
): URLSearchParams;
export function authorizationCodeGrantRequest(
  server: AuthorizationServer,
  client: Client,
  authentication: ClientAuthentication,
  callbackParameters: URLSearchParams,
  redirectUri: string,
  codeVerifier: string,
  options?: RequestOptions,
): Promise<Response>;
export function processAuthorizationCodeResponse(
  server: AuthorizationServer,
  client: Client,
  response: Response,
  options?: { expectedNonce?: string; requireIdToken?: boolean },
): Promise<TokenEndpointResponse>;
export function refreshTokenGrantRequest(
  server: AuthorizationServer,
  client: Client,
  authentication: ClientAuthentication,
  refreshToken: string,
  options?: RequestOptions,
): Promise<Response>;
export function processRefreshTokenResponse(
  server: AuthorizationServer,
  client: Client,
  response: Response,
): Promise<TokenEndpointResponse>;
export function getValidatedIdTokenClaims(response: TokenEndpointResponse): IDToken | undefined;
