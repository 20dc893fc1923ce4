--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: app_user; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.app_user (
    id uuid NOT NULL,
    email character varying NOT NULL,
    display_name character varying NOT NULL,
    search_name character varying NOT NULL,
    avatar_url text,
    bio text,
    password_hash character varying,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);


--
-- Name: idempotency_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_key (
    user_id uuid NOT NULL,
    key character varying NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    location text,
    body text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_key_fingerprint_check CHECK ((length(fingerprint) = 32)),
    CONSTRAINT idempotency_key_status_check CHECK (((status >= 100) AND (status <= 599)))
);


--
-- Name: invitation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.invitation (
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    inviter_id uuid NOT NULL,
    email character varying NOT NULL,
    role character varying NOT NULL,
    status character varying NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT invitation_check CHECK ((((status)::text = 'pending'::text) = (settled_at IS NULL))),
    CONSTRAINT invitation_role_check CHECK (((role)::text = ANY ((ARRAY['moderator'::character varying, 'member'::character varying, 'viewer'::character varying])::text[]))),
    CONSTRAINT invitation_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'accepted'::character varying, 'declined'::character varying, 'revoked'::character varying, 'expired'::character varying])::text[])))
);


--
-- Name: login; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.login (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_agent text,
    address text,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);


--
-- Name: membership; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.membership (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role character varying NOT NULL,
    read_seq bigint DEFAULT 0 NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    CONSTRAINT membership_read_seq_check CHECK ((read_seq >= 0)),
    CONSTRAINT membership_role_check CHECK (((role)::text = ANY ((ARRAY['owner'::character varying, 'moderator'::character varying, 'member'::character varying, 'viewer'::character varying])::text[])))
);


--
-- Name: message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.message (
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    seq bigint NOT NULL,
    author_id uuid NOT NULL,
    content text,
    client_message_id character varying,
    reply_to uuid,
    "position" bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT message_check CHECK (((seq >= 1) AND ("position" >= 1))),
    CONSTRAINT message_check1 CHECK (((content IS NULL) = (deleted_at IS NOT NULL)))
);


--
-- Name: notification; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notification (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind character varying NOT NULL,
    data text NOT NULL,
    read_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT notification_kind_check CHECK (((kind)::text <> ''::text))
);


--
-- Name: refresh_token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.refresh_token (
    digest bytea NOT NULL,
    login_id uuid NOT NULL,
    parent bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    spent_at timestamp with time zone,
    voided_at timestamp with time zone,
    CONSTRAINT refresh_token_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT refresh_token_parent_check CHECK (((parent IS NULL) OR (length(parent) = 32)))
);


--
-- Name: seaql_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);


--
-- Name: session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session (
    id uuid NOT NULL,
    name character varying NOT NULL,
    search_name character varying NOT NULL,
    description text,
    color character varying,
    image_url text,
    visibility character varying NOT NULL,
    member_count bigint DEFAULT 0 NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    last_position bigint DEFAULT 0 NOT NULL,
    log_floor bigint DEFAULT 0 NOT NULL,
    last_message_at timestamp with time zone,
    active_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT session_check CHECK (((member_count >= 0) AND (last_seq >= 0) AND (last_position >= 0) AND (log_floor >= 0))),
    CONSTRAINT session_check1 CHECK ((log_floor <= last_position)),
    CONSTRAINT session_visibility_check CHECK (((visibility)::text = ANY ((ARRAY['private'::character varying, 'public'::character varying])::text[])))
);


--
-- Name: session_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.session_event (
    session_id uuid NOT NULL,
    "position" bigint NOT NULL,
    kind character varying NOT NULL,
    subject_id uuid,
    data text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT session_event_position_check CHECK (("position" >= 1))
);


--
-- Data for Name: app_user; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.app_user VALUES
	('01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'grace@example.org', 'Grace', 'grace', NULL, NULL, '$2b$04$3CDzFpwYa8aPda.1ilm0WORmDt0HblmeMW4eLeG6AVdQuFZZ3K9Qa', '2026-11-20 13:39:38.793+00', '2026-11-20 13:39:38.793+00'),
	('01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'linus@example.org', 'Linus', 'linus', NULL, NULL, '$2b$04$qN5g70YB6EmyeTt2LhvnPu4cBn5wqjymttOJjEt0BUH1BcOZ0Ztbi', '2026-11-20 13:39:38.829+00', '2026-11-20 13:39:38.829+00'),
	('01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'ada@example.org', 'Ada', 'ada', NULL, 'Counts', '$2b$04$EORU1ShMHTk3tOe5m6XsaerK7L0ODOqGamAB4bhNU71cxDdkNff2q', '2026-11-20 13:39:38.549+00', '2026-11-20 13:39:39.542+00');


--
-- Data for Name: idempotency_key; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.idempotency_key VALUES
	('01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'profile-1', '\x77c5af94a1ee74977381defac54b94801a63314fbafbb42b6f442a21ea8e8a91', 200, NULL, '{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":"Counts","createdAt":"2026-11-20T13:39:38.549Z","email":"ada@example.org"}', '2026-11-20 13:39:39.543+00');


--
-- Data for Name: invitation; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.invitation VALUES
	('01a1f92f-2736-7278-b70e-46aa7c1866ef', '01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'grace@example.org', 'member', 'accepted', '2026-11-27 13:39:39.439+00', '2026-11-20 13:39:39.439+00', '2026-11-20 13:39:39.458+00'),
	('01a1f92f-273d-724f-b112-7766f7175aff', '01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'linus@example.org', 'member', 'declined', '2026-11-27 13:39:39.45+00', '2026-11-20 13:39:39.45+00', '2026-11-20 13:39:39.479+00'),
	('01a1f92f-276d-7466-a811-dfb9d35e1350', '01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'linus@example.org', 'member', 'revoked', '2026-11-27 13:39:39.499+00', '2026-11-20 13:39:39.499+00', '2026-11-20 13:39:39.506+00'),
	('01a1f92f-2778-709b-880c-dedb910f74d2', '01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'nobody-yet@example.org', 'member', 'pending', '2026-11-27 13:39:39.51+00', '2026-11-20 13:39:39.51+00', NULL);


--
-- Data for Name: login; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.login VALUES
	('01a1f92f-23c1-71e7-aee9-dda203a07900', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'node', '127.0.0.1', '2026-11-20 13:39:38.549+00', '2026-11-20 13:39:38.549+00', NULL),
	('01a1f92f-2495-72d7-89d4-033c6bccd779', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'node', '127.0.0.1', '2026-11-20 13:39:38.773+00', '2026-11-20 13:39:38.784+00', NULL),
	('01a1f92f-24ac-719e-a2ab-b6992679769f', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'node', '127.0.0.1', '2026-11-20 13:39:38.793+00', '2026-11-20 13:39:38.793+00', NULL),
	('01a1f92f-24b9-7794-b9a5-542d4911765a', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'node', '127.0.0.1', '2026-11-20 13:39:38.809+00', '2026-11-20 13:39:38.814+00', NULL),
	('01a1f92f-24ce-72f2-aba6-818b735b67f4', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'node', '127.0.0.1', '2026-11-20 13:39:38.829+00', '2026-11-20 13:39:38.829+00', NULL),
	('01a1f92f-24d4-7147-9c68-7d79baa619c7', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'node', '127.0.0.1', '2026-11-20 13:39:38.836+00', '2026-11-20 13:39:38.847+00', '2026-11-20 13:39:39.546+00');


--
-- Data for Name: membership; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.membership VALUES
	('01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'owner', 0, '2026-11-20 13:39:38.967+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'owner', 13, '2026-11-20 13:39:38.956+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'moderator', 10, '2026-11-20 13:39:39.081+00'),
	('01a1f92f-2558-7421-86db-ab00798deb7a', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'member', 1, '2026-11-20 13:39:39.458+00'),
	('01a1f92f-2564-7485-b0bd-b28abfbd024f', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'owner', 1, '2026-11-20 13:39:38.979+00');


--
-- Data for Name: message; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.message VALUES
	('01a1f92f-25d9-740f-ba59-95bd40c0d3d3', '01a1f92f-254d-7285-a112-75173619e1ae', 1, '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'Message 1 ñ 🙂', 'c-1', NULL, 3, '2026-11-20 13:39:39.097+00', NULL, NULL),
	('01a1f92f-25f0-719b-a197-43bb68d97c82', '01a1f92f-254d-7285-a112-75173619e1ae', 2, '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'Message 2 ñ 🙂', 'c-2', NULL, 4, '2026-11-20 13:39:39.12+00', NULL, NULL),
	('01a1f92f-260f-718b-86b3-fd5dba15b3b7', '01a1f92f-254d-7285-a112-75173619e1ae', 4, '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'Message 4 ñ 🙂', 'c-4', '01a1f92f-25d9-740f-ba59-95bd40c0d3d3', 6, '2026-11-20 13:39:39.151+00', NULL, NULL),
	('01a1f92f-261f-70b8-8603-829a7b2e4f49', '01a1f92f-254d-7285-a112-75173619e1ae', 6, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Message 6 ñ 🙂', 'c-6', NULL, 8, '2026-11-20 13:39:39.167+00', NULL, NULL),
	('01a1f92f-2690-71a3-8549-938dd5bee29a', '01a1f92f-254d-7285-a112-75173619e1ae', 7, '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'Message 7 ñ 🙂', 'c-7', NULL, 9, '2026-11-20 13:39:39.28+00', NULL, NULL),
	('01a1f92f-269b-70b3-bf06-f573cf67d1ba', '01a1f92f-254d-7285-a112-75173619e1ae', 8, '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'Message 8 ñ 🙂', 'c-8', '01a1f92f-25d9-740f-ba59-95bd40c0d3d3', 10, '2026-11-20 13:39:39.291+00', NULL, NULL),
	('01a1f92f-26a1-7255-89b7-ddb802df72f3', '01a1f92f-254d-7285-a112-75173619e1ae', 9, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Message 9 ñ 🙂', 'c-9', NULL, 11, '2026-11-20 13:39:39.297+00', NULL, NULL),
	('01a1f92f-26a6-7739-bd67-f10bbb6e33e0', '01a1f92f-254d-7285-a112-75173619e1ae', 10, '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'Message 10 ñ 🙂', 'c-10', NULL, 12, '2026-11-20 13:39:39.302+00', NULL, NULL),
	('01a1f92f-26b0-7430-9bda-f1b8ab973561', '01a1f92f-254d-7285-a112-75173619e1ae', 11, '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'Message 11 ñ 🙂', 'c-11', NULL, 13, '2026-11-20 13:39:39.312+00', NULL, NULL),
	('01a1f92f-26c0-778f-9193-5bffac47c103', '01a1f92f-254d-7285-a112-75173619e1ae', 12, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Message 12 ñ 🙂', 'c-12', '01a1f92f-25d9-740f-ba59-95bd40c0d3d3', 14, '2026-11-20 13:39:39.328+00', NULL, NULL),
	('01a1f92f-26cc-7794-b506-4901bc8d4ace', '01a1f92f-254d-7285-a112-75173619e1ae', 13, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Look, <@01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0>', NULL, NULL, 15, '2026-11-20 13:39:39.34+00', NULL, NULL),
	('01a1f92f-25fb-714b-a053-8251a000291a', '01a1f92f-254d-7285-a112-75173619e1ae', 3, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Said better', 'c-3', NULL, 5, '2026-11-20 13:39:39.131+00', '2026-11-20 13:39:39.374+00', NULL),
	('01a1f92f-2614-72c7-8965-91dd39a46df8', '01a1f92f-254d-7285-a112-75173619e1ae', 5, '01a1f92f-24cd-77c7-82dd-d895df1a61f6', NULL, 'c-5', NULL, 7, '2026-11-20 13:39:39.156+00', '2026-11-20 13:39:39.385+00', '2026-11-20 13:39:39.401+00'),
	('01a1f92f-277b-708b-8c85-01f74861c382', '01a1f92f-2558-7421-86db-ab00798deb7a', 1, '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'Hello', NULL, NULL, 2, '2026-11-20 13:39:39.515+00', NULL, NULL),
	('01a1f92f-277f-7386-968f-c8f5297f64ce', '01a1f92f-2564-7485-b0bd-b28abfbd024f', 1, '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'Soon gone', NULL, NULL, 1, '2026-11-20 13:39:39.519+00', NULL, NULL);


--
-- Data for Name: notification; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.notification VALUES
	('01a1f92f-273e-769b-ba0f-e1a00d9a1972', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'invitation', '{"invitationId":"01a1f92f-273d-724f-b112-7766f7175aff","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"role":"member","email":"linus@example.org"}', NULL, '2026-11-20 13:39:39.45+00'),
	('01a1f92f-274c-75d5-8beb-67d7ebb9c89f', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'invitation_accepted', '{"invitationId":"01a1f92f-2736-7278-b70e-46aa7c1866ef","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"role":"member","email":"grace@example.org","by":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace"},"grantedRole":"member"}', NULL, '2026-11-20 13:39:39.458+00'),
	('01a1f92f-2766-7553-b605-32da7d968fa8', '01a1f92f-23b5-7286-b545-6b9fb2e067b8', 'invitation_declined', '{"invitationId":"01a1f92f-273d-724f-b112-7766f7175aff","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"role":"member","email":"linus@example.org","by":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus"}}', NULL, '2026-11-20 13:39:39.479+00'),
	('01a1f92f-276e-7479-9e05-178287460c6e', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', 'invitation', '{"invitationId":"01a1f92f-276d-7466-a811-dfb9d35e1350","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"role":"member","email":"linus@example.org"}', NULL, '2026-11-20 13:39:39.499+00'),
	('01a1f92f-26d6-77c0-acc5-c9a2797f1df8', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'mention', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","sessionName":"The hall","messageId":"01a1f92f-26cc-7794-b506-4901bc8d4ace","seq":13,"by":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"excerpt":"Look, <@01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0>"}', '2026-11-20 13:39:39.536+00', '2026-11-20 13:39:39.34+00'),
	('01a1f92f-271b-7573-bc6c-b17d9f49d116', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'role_changed', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","sessionName":"The hall","role":"moderator","previousRole":"member","by":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"}}', '2026-11-20 13:39:39.536+00', '2026-11-20 13:39:39.412+00'),
	('01a1f92f-2737-751a-95da-c8996eb3cc2e', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', 'invitation', '{"invitationId":"01a1f92f-2736-7278-b70e-46aa7c1866ef","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada"},"role":"member","email":"grace@example.org"}', '2026-11-20 13:39:39.536+00', '2026-11-20 13:39:39.439+00');


--
-- Data for Name: refresh_token; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.refresh_token VALUES
	('\x59d25f89d88c797475d8d1bac28decabaaa1266c45ec7c22b4c95ea60a33bc4f', '01a1f92f-23c1-71e7-aee9-dda203a07900', NULL, '2026-11-20 13:39:38.549+00', '2026-12-20 13:39:38.549+00', NULL, NULL),
	('\x952885dbac4d2b9c176bc085bfe91e1ba83ab873995718f9779b85e72fe8494e', '01a1f92f-2495-72d7-89d4-033c6bccd779', NULL, '2026-11-20 13:39:38.773+00', '2026-12-20 13:39:38.773+00', '2026-11-20 13:39:38.784+00', NULL),
	('\x7148bfe724ed2c4d98740fb4f55116301b4ce17e89b267a9bf516b00165b8ca8', '01a1f92f-2495-72d7-89d4-033c6bccd779', '\x952885dbac4d2b9c176bc085bfe91e1ba83ab873995718f9779b85e72fe8494e', '2026-11-20 13:39:38.784+00', '2026-12-20 13:39:38.784+00', NULL, NULL),
	('\xcd3c3937848d08f09170708e22cb83fe97cb3cce9e64589a45c03c941f2f1c94', '01a1f92f-24ac-719e-a2ab-b6992679769f', NULL, '2026-11-20 13:39:38.793+00', '2026-12-20 13:39:38.793+00', NULL, NULL),
	('\x384edced5fbe3fbcbaf9a926e4ef35697516ce0d86ca2124fe692660715417a1', '01a1f92f-24b9-7794-b9a5-542d4911765a', NULL, '2026-11-20 13:39:38.809+00', '2026-12-20 13:39:38.809+00', '2026-11-20 13:39:38.814+00', NULL),
	('\x13f6635c8582d690e62e908fd46439b02469d11aad70de4ed43ab020923784a5', '01a1f92f-24b9-7794-b9a5-542d4911765a', '\x384edced5fbe3fbcbaf9a926e4ef35697516ce0d86ca2124fe692660715417a1', '2026-11-20 13:39:38.814+00', '2026-12-20 13:39:38.814+00', NULL, NULL),
	('\x1eb68924d924803e2aa55da4e59199406cf4996f4fff12c1b3bd3cf75b73ba61', '01a1f92f-24ce-72f2-aba6-818b735b67f4', NULL, '2026-11-20 13:39:38.829+00', '2026-12-20 13:39:38.829+00', NULL, NULL),
	('\xfa4e228df1b13f5a4627386986caa2a64bf94277212d660baf6b9fbd05eacd04', '01a1f92f-24d4-7147-9c68-7d79baa619c7', NULL, '2026-11-20 13:39:38.836+00', '2026-12-20 13:39:38.836+00', '2026-11-20 13:39:38.847+00', NULL),
	('\xce6ca38d67a4578e32b816eacd52dcfcd6750a4a2578f18b1d4fb736d68be681', '01a1f92f-24d4-7147-9c68-7d79baa619c7', '\xfa4e228df1b13f5a4627386986caa2a64bf94277212d660baf6b9fbd05eacd04', '2026-11-20 13:39:38.847+00', '2026-12-20 13:39:38.847+00', NULL, NULL);


--
-- Data for Name: seaql_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.seaql_migrations VALUES
	('m20261120_120000_create_accounts', 1795181978),
	('m20261120_120100_create_sessions', 1795181978),
	('m20261120_120200_create_messages_and_events', 1795181978),
	('m20261120_130000_create_invitations_notifications_and_keys', 1795181978);


--
-- Data for Name: session; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.session VALUES
	('01a1f92f-254d-7285-a112-75173619e1ae', 'The great hall', 'the great hall', 'Für alle 🎉', 'teal', NULL, 'public', 2, 13, 21, 0, '2026-11-20 13:39:39.34+00', '2026-11-20 13:39:39.34+00', '2026-11-20 13:39:38.956+00', '2026-11-20 13:39:39.435+00', NULL),
	('01a1f92f-2558-7421-86db-ab00798deb7a', 'The study', 'the study', NULL, NULL, 'https://example.org/study.png', 'private', 2, 1, 2, 0, '2026-11-20 13:39:39.515+00', '2026-11-20 13:39:39.515+00', '2026-11-20 13:39:38.967+00', '2026-11-20 13:39:38.967+00', NULL),
	('01a1f92f-2564-7485-b0bd-b28abfbd024f', 'Gone', 'gone', NULL, NULL, NULL, 'private', 1, 1, 2, 0, '2026-11-20 13:39:39.519+00', '2026-11-20 13:39:39.519+00', '2026-11-20 13:39:38.979+00', '2026-11-20 13:39:38.979+00', '2026-11-20 13:39:39.531+00');


--
-- Data for Name: session_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.session_event VALUES
	('01a1f92f-254d-7285-a112-75173619e1ae', 1, 'member:update', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","user":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"role":"member","joinedAt":"2026-11-20T13:39:39.081Z"}', '2026-11-20 13:39:39.083+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 2, 'member:update', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","user":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z"},"role":"member","joinedAt":"2026-11-20T13:39:39.089Z"}', '2026-11-20 13:39:39.09+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 3, 'message:create', '01a1f92f-25d9-740f-ba59-95bd40c0d3d3', '{"id":"01a1f92f-25d9-740f-ba59-95bd40c0d3d3","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":1,"author":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"content":"Message 1 ñ 🙂","clientMessageId":"c-1","replyTo":null,"createdAt":"2026-11-20T13:39:39.097Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.097+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 4, 'message:create', '01a1f92f-25f0-719b-a197-43bb68d97c82', '{"id":"01a1f92f-25f0-719b-a197-43bb68d97c82","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":2,"author":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z"},"content":"Message 2 ñ 🙂","clientMessageId":"c-2","replyTo":null,"createdAt":"2026-11-20T13:39:39.120Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.12+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 5, 'message:create', '01a1f92f-25fb-714b-a053-8251a000291a', '{"id":"01a1f92f-25fb-714b-a053-8251a000291a","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":3,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Message 3 ñ 🙂","clientMessageId":"c-3","replyTo":null,"createdAt":"2026-11-20T13:39:39.131Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.131+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 6, 'message:create', '01a1f92f-260f-718b-86b3-fd5dba15b3b7', '{"id":"01a1f92f-260f-718b-86b3-fd5dba15b3b7","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":4,"author":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"content":"Message 4 ñ 🙂","clientMessageId":"c-4","replyTo":"01a1f92f-25d9-740f-ba59-95bd40c0d3d3","createdAt":"2026-11-20T13:39:39.151Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.151+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 8, 'message:create', '01a1f92f-261f-70b8-8603-829a7b2e4f49', '{"id":"01a1f92f-261f-70b8-8603-829a7b2e4f49","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":6,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Message 6 ñ 🙂","clientMessageId":"c-6","replyTo":null,"createdAt":"2026-11-20T13:39:39.167Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.167+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 9, 'message:create', '01a1f92f-2690-71a3-8549-938dd5bee29a', '{"id":"01a1f92f-2690-71a3-8549-938dd5bee29a","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":7,"author":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"content":"Message 7 ñ 🙂","clientMessageId":"c-7","replyTo":null,"createdAt":"2026-11-20T13:39:39.280Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.28+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 10, 'message:create', '01a1f92f-269b-70b3-bf06-f573cf67d1ba', '{"id":"01a1f92f-269b-70b3-bf06-f573cf67d1ba","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":8,"author":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z"},"content":"Message 8 ñ 🙂","clientMessageId":"c-8","replyTo":"01a1f92f-25d9-740f-ba59-95bd40c0d3d3","createdAt":"2026-11-20T13:39:39.291Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.291+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 11, 'message:create', '01a1f92f-26a1-7255-89b7-ddb802df72f3', '{"id":"01a1f92f-26a1-7255-89b7-ddb802df72f3","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":9,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Message 9 ñ 🙂","clientMessageId":"c-9","replyTo":null,"createdAt":"2026-11-20T13:39:39.297Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.297+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 12, 'message:create', '01a1f92f-26a6-7739-bd67-f10bbb6e33e0', '{"id":"01a1f92f-26a6-7739-bd67-f10bbb6e33e0","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":10,"author":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"content":"Message 10 ñ 🙂","clientMessageId":"c-10","replyTo":null,"createdAt":"2026-11-20T13:39:39.302Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.302+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 13, 'message:create', '01a1f92f-26b0-7430-9bda-f1b8ab973561', '{"id":"01a1f92f-26b0-7430-9bda-f1b8ab973561","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":11,"author":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z"},"content":"Message 11 ñ 🙂","clientMessageId":"c-11","replyTo":null,"createdAt":"2026-11-20T13:39:39.312Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.312+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 14, 'message:create', '01a1f92f-26c0-778f-9193-5bffac47c103', '{"id":"01a1f92f-26c0-778f-9193-5bffac47c103","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":12,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Message 12 ñ 🙂","clientMessageId":"c-12","replyTo":"01a1f92f-25d9-740f-ba59-95bd40c0d3d3","createdAt":"2026-11-20T13:39:39.328Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.328+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 15, 'message:create', '01a1f92f-26cc-7794-b506-4901bc8d4ace', '{"id":"01a1f92f-26cc-7794-b506-4901bc8d4ace","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":13,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Look, <@01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0>","clientMessageId":null,"replyTo":null,"createdAt":"2026-11-20T13:39:39.340Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.34+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 16, 'message:update', '01a1f92f-25fb-714b-a053-8251a000291a', '{"id":"01a1f92f-25fb-714b-a053-8251a000291a","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":3,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Said better","clientMessageId":"c-3","replyTo":null,"createdAt":"2026-11-20T13:39:39.131Z","editedAt":"2026-11-20T13:39:39.374Z","deletedAt":null}', '2026-11-20 13:39:39.378+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 7, 'message:create', '01a1f92f-2614-72c7-8965-91dd39a46df8', '{"author":{"avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z","displayName":"Linus","id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6"},"clientMessageId":"c-5","content":null,"createdAt":"2026-11-20T13:39:39.156Z","deletedAt":null,"editedAt":null,"id":"01a1f92f-2614-72c7-8965-91dd39a46df8","replyTo":null,"seq":5,"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae"}', '2026-11-20 13:39:39.156+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 17, 'message:update', '01a1f92f-2614-72c7-8965-91dd39a46df8', '{"author":{"avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z","displayName":"Linus","id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6"},"clientMessageId":"c-5","content":null,"createdAt":"2026-11-20T13:39:39.156Z","deletedAt":null,"editedAt":"2026-11-20T13:39:39.385Z","id":"01a1f92f-2614-72c7-8965-91dd39a46df8","replyTo":null,"seq":5,"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae"}', '2026-11-20 13:39:39.386+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 21, 'session:update', NULL, '{"id":"01a1f92f-254d-7285-a112-75173619e1ae","name":"The great hall","description":"Für alle 🎉","color":"teal","imageUrl":null,"visibility":"public","memberCount":2,"lastSeq":13,"lastPosition":21,"lastMessageAt":"2026-11-20T13:39:39.340Z","createdAt":"2026-11-20T13:39:38.956Z","updatedAt":"2026-11-20T13:39:39.435Z"}', '2026-11-20 13:39:39.436+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 18, 'message:delete', '01a1f92f-2614-72c7-8965-91dd39a46df8', '{"id":"01a1f92f-2614-72c7-8965-91dd39a46df8","sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","seq":5,"author":{"id":"01a1f92f-24cd-77c7-82dd-d895df1a61f6","displayName":"Linus","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.829Z"},"content":null,"clientMessageId":"c-5","replyTo":null,"createdAt":"2026-11-20T13:39:39.156Z","editedAt":"2026-11-20T13:39:39.385Z","deletedAt":"2026-11-20T13:39:39.401Z"}', '2026-11-20 13:39:39.404+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 19, 'member:update', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","user":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"role":"moderator","joinedAt":"2026-11-20T13:39:39.081Z"}', '2026-11-20 13:39:39.418+00'),
	('01a1f92f-254d-7285-a112-75173619e1ae', 20, 'member:remove', '01a1f92f-24cd-77c7-82dd-d895df1a61f6', '{"sessionId":"01a1f92f-254d-7285-a112-75173619e1ae","userId":"01a1f92f-24cd-77c7-82dd-d895df1a61f6"}', '2026-11-20 13:39:39.431+00'),
	('01a1f92f-2564-7485-b0bd-b28abfbd024f', 2, 'session:delete', NULL, '{"sessionId":"01a1f92f-2564-7485-b0bd-b28abfbd024f"}', '2026-11-20 13:39:39.533+00'),
	('01a1f92f-2558-7421-86db-ab00798deb7a', 1, 'invitation:accept', '01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0', '{"invitation":{"id":"01a1f92f-2736-7278-b70e-46aa7c1866ef","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","sessionName":"The study","inviter":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"email":"grace@example.org","role":"member","status":"accepted","expiresAt":"2026-11-27T13:39:39.439Z","createdAt":"2026-11-20T13:39:39.439Z"},"membership":{"sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","user":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"role":"member","joinedAt":"2026-11-20T13:39:39.458Z"}}', '2026-11-20 13:39:39.467+00'),
	('01a1f92f-2558-7421-86db-ab00798deb7a', 2, 'message:create', '01a1f92f-277b-708b-8c85-01f74861c382', '{"id":"01a1f92f-277b-708b-8c85-01f74861c382","sessionId":"01a1f92f-2558-7421-86db-ab00798deb7a","seq":1,"author":{"id":"01a1f92f-24a9-748d-a6e5-4aa34ee3d7c0","displayName":"Grace","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.793Z"},"content":"Hello","clientMessageId":null,"replyTo":null,"createdAt":"2026-11-20T13:39:39.515Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.515+00'),
	('01a1f92f-2564-7485-b0bd-b28abfbd024f', 1, 'message:create', '01a1f92f-277f-7386-968f-c8f5297f64ce', '{"id":"01a1f92f-277f-7386-968f-c8f5297f64ce","sessionId":"01a1f92f-2564-7485-b0bd-b28abfbd024f","seq":1,"author":{"id":"01a1f92f-23b5-7286-b545-6b9fb2e067b8","displayName":"Ada","avatarUrl":null,"bio":null,"createdAt":"2026-11-20T13:39:38.549Z"},"content":"Soon gone","clientMessageId":null,"replyTo":null,"createdAt":"2026-11-20T13:39:39.519Z","editedAt":null,"deletedAt":null}', '2026-11-20 13:39:39.519+00');


--
-- Name: app_user app_user_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.app_user
    ADD CONSTRAINT app_user_pkey PRIMARY KEY (id);


--
-- Name: idempotency_key idempotency_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (user_id, key);


--
-- Name: invitation invitation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (id);


--
-- Name: login login_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.login
    ADD CONSTRAINT login_pkey PRIMARY KEY (id);


--
-- Name: membership membership_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (session_id, user_id);


--
-- Name: message message_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id, session_id);


--
-- Name: notification notification_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (id);


--
-- Name: refresh_token refresh_token_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT refresh_token_pkey PRIMARY KEY (digest);


--
-- Name: seaql_migrations seaql_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);


--
-- Name: session_event session_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session_event
    ADD CONSTRAINT session_event_pkey PRIMARY KEY (session_id, "position");


--
-- Name: session session_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);


--
-- Name: app_user_email_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX app_user_email_key ON public.app_user USING btree (email);


--
-- Name: app_user_search_name_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX app_user_search_name_idx ON public.app_user USING btree (search_name, id);


--
-- Name: idempotency_key_created_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_key_created_at_idx ON public.idempotency_key USING btree (created_at);


--
-- Name: invitation_email_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invitation_email_idx ON public.invitation USING btree (email, id) WHERE ((status)::text = 'pending'::text);


--
-- Name: invitation_pending_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX invitation_pending_key ON public.invitation USING btree (session_id, email) WHERE ((status)::text = 'pending'::text);


--
-- Name: invitation_session_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX invitation_session_id_idx ON public.invitation USING btree (session_id, id);


--
-- Name: login_in_force_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX login_in_force_idx ON public.login USING btree (user_id, id) WHERE (revoked_at IS NULL);


--
-- Name: login_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX login_user_id_idx ON public.login USING btree (user_id);


--
-- Name: membership_joined_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX membership_joined_at_idx ON public.membership USING btree (session_id, joined_at, user_id);


--
-- Name: membership_owner_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX membership_owner_idx ON public.membership USING btree (session_id, user_id) WHERE ((role)::text = 'owner'::text);


--
-- Name: membership_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX membership_user_id_idx ON public.membership USING btree (user_id);


--
-- Name: message_client_message_id_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX message_client_message_id_key ON public.message USING btree (session_id, author_id, client_message_id) WHERE (client_message_id IS NOT NULL);


--
-- Name: message_reply_to_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX message_reply_to_idx ON public.message USING btree (reply_to, session_id) WHERE (reply_to IS NOT NULL);


--
-- Name: message_seq_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX message_seq_key ON public.message USING btree (session_id, seq);


--
-- Name: notification_unread_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notification_unread_idx ON public.notification USING btree (user_id, id) WHERE (read_at IS NULL);


--
-- Name: notification_user_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX notification_user_id_idx ON public.notification USING btree (user_id, id);


--
-- Name: refresh_token_login_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX refresh_token_login_id_idx ON public.refresh_token USING btree (login_id);


--
-- Name: refresh_token_successor_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX refresh_token_successor_key ON public.refresh_token USING btree (parent) WHERE (voided_at IS NULL);


--
-- Name: session_event_edit_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX session_event_edit_idx ON public.session_event USING btree (session_id, subject_id) WHERE ((kind)::text = 'message:update'::text);


--
-- Name: session_public_list_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX session_public_list_idx ON public.session USING btree (active_at, id) WHERE (((visibility)::text = 'public'::text) AND (deleted_at IS NULL));


--
-- Name: idempotency_key idempotency_key_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.app_user(id) ON DELETE CASCADE;


--
-- Name: invitation invitation_inviter_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_inviter_id_fkey FOREIGN KEY (inviter_id) REFERENCES public.app_user(id);


--
-- Name: invitation invitation_session_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.session(id) ON DELETE CASCADE;


--
-- Name: login login_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.login
    ADD CONSTRAINT login_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.app_user(id) ON DELETE CASCADE;


--
-- Name: membership membership_session_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.session(id) ON DELETE CASCADE;


--
-- Name: membership membership_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.app_user(id) ON DELETE CASCADE;


--
-- Name: message message_author_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.app_user(id);


--
-- Name: message message_reply_to_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_reply_to_fkey FOREIGN KEY (reply_to, session_id) REFERENCES public.message(id, session_id);


--
-- Name: message message_session_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.session(id) ON DELETE CASCADE;


--
-- Name: notification notification_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.app_user(id) ON DELETE CASCADE;


--
-- Name: refresh_token refresh_token_login_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT refresh_token_login_id_fkey FOREIGN KEY (login_id) REFERENCES public.login(id) ON DELETE CASCADE;


--
-- Name: session_event session_event_session_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.session_event
    ADD CONSTRAINT session_event_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.session(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


