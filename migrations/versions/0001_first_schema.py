"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(36)
MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# A statement trigger fires even where no row matches, and ALWAYS fires on a session
# that poses as a replica, so neither is a way around.
AUDIT_LOG_APPEND_ONLY_POSTGRESQL = (
    """CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    """CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()""",
    "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only",
    "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_no_truncate",
)

# INSERT OR REPLACE deletes what is in its way without firing delete triggers,
# so the third one refuses an INSERT anywhere but at the end.
AUDIT_LOG_APPEND_ONLY_SQLITE = (
    """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    """CREATE TRIGGER audit_log_no_overwrite BEFORE INSERT ON audit_log
    WHEN NEW.sequence <= (SELECT COALESCE(MAX(sequence), 0) FROM audit_log)
      OR EXISTS (SELECT 1 FROM audit_log WHERE event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
)


def upgrade() -> None:
    op.create_table(
        "audit_lease",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fencing", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_lease"),
    )

    op.create_table(
        "audit_log",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255)),
        sa.Column("target", sa.String(2048)),
        sa.Column("user_id", ID),
        sa.Column("client_id", sa.String(255)),
        sa.Column("session_id", ID),
        sa.Column("grant_id", ID),
        sa.Column("organization_id", ID),
        sa.Column("device_id", ID),
        sa.Column("risk_score", sa.Integer()),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("origin", sa.LargeBinary()),
        sa.Column("origin_holder", sa.String(64)),
        sa.Column("personal", sa.LargeBinary()),
        sa.Column("personal_holder", sa.String(64)),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_log"),
        sa.UniqueConstraint("event_id", name="uq_audit_log_event_id"),
    )
    op.create_index("ix_audit_log_correlation_id", "audit_log", ["correlation_id"])
    op.create_index("ix_audit_log_occurred_at", "audit_log", ["occurred_at"])
    op.create_index("ix_audit_log_user_id", "audit_log", ["user_id"])

    op.create_table(
        "browsers",
        sa.Column("sso_digest", sa.LargeBinary(), nullable=False),
        sa.Column("page_digest", sa.LargeBinary(), nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_browsers"),
        sa.UniqueConstraint("page_digest", name="uq_browsers_page_digest"),
        sa.UniqueConstraint("sso_digest", name="uq_browsers_sso_digest"),
    )
    op.create_index("ix_browsers_expires_at", "browsers", ["expires_at"])

    op.create_table(
        "ephemeral",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_ephemeral"),
    )
    op.create_index("ix_ephemeral_expires_at", "ephemeral", ["expires_at"])

    op.create_table(
        "ephemeral_hits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ephemeral_hits"),
    )
    op.create_index("ix_ephemeral_hits_expires_at", "ephemeral_hits", ["expires_at"])
    op.create_index("ix_ephemeral_hits_key", "ephemeral_hits", ["key"])

    op.create_table(
        "initial_access_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("uses_left", sa.Integer()),
        sa.Column("created_by", sa.String(255)),
        sa.Column("note", sa.String(255), nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_initial_access_tokens"),
        sa.UniqueConstraint("digest", name="uq_initial_access_tokens_digest"),
    )
    op.create_index("ix_initial_access_tokens_expires_at", "initial_access_tokens", ["expires_at"])

    op.create_table(
        "oauth2_clients",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("application_type", sa.String(16), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("policy", DOCUMENT, nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(64), nullable=False),
        sa.Column("redirect_uris", DOCUMENT, nullable=False),
        sa.Column("post_logout_redirect_uris", DOCUMENT, nullable=False),
        sa.Column("grant_types", DOCUMENT, nullable=False),
        sa.Column("response_types", DOCUMENT, nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("origins", DOCUMENT, nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("default_resource", sa.String(2048)),
        sa.Column("jwks", DOCUMENT),
        sa.Column("jwks_uri", sa.String(2048)),
        sa.Column("client_uri", sa.String(2048)),
        sa.Column("logo_uri", sa.String(2048)),
        sa.Column("policy_uri", sa.String(2048)),
        sa.Column("tos_uri", sa.String(2048)),
        sa.Column("contacts", DOCUMENT, nullable=False),
        sa.Column("metadata_extra", DOCUMENT, nullable=False),
        sa.Column("first_party", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("registration_digest", sa.LargeBinary()),
        sa.Column("unused_since", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_oauth2_clients"),
    )
    op.create_index("ix_oauth2_clients_organization_id", "oauth2_clients", ["organization_id"])
    op.create_index("ix_oauth2_clients_unused_since", "oauth2_clients", ["unused_since"])

    op.create_table(
        "outbox_deliveries",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("subscriber", sa.String(64), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("failed_at", MOMENT),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "subscriber", name="pk_outbox_deliveries"),
    )
    op.create_index(
        "ix_outbox_deliveries_due",
        "outbox_deliveries",
        ["subscriber", "due_at"],
        unique=False,
        postgresql_where=sa.text("failed_at IS NULL"),
        sqlite_where=sa.text("failed_at IS NULL"),
    )

    op.create_table(
        "outbox_events",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("event_id", name="pk_outbox_events"),
    )

    op.create_table(
        "refusals",
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("error", sa.String(64), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("spec", sa.String(128), nullable=False),
        sa.Column("setting", sa.String(255), nullable=False),
        sa.Column("endpoint", sa.String(255), nullable=False),
        sa.Column("client_id", sa.String(255)),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_refusals"),
    )
    op.create_index("ix_refusals_expires_at", "refusals", ["expires_at"])

    op.create_table(
        "assertion_issuers",
        sa.Column("id", sa.String(2048), nullable=False),
        sa.Column("jwks", DOCUMENT),
        sa.Column("jwks_uri", sa.String(2048)),
        sa.Column("algorithms", DOCUMENT, nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("max_lifetime", sa.Integer(), nullable=False),
        sa.Column("clients", DOCUMENT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_assertion_issuers"),
    )
    op.create_index("ix_assertion_issuers_organization_id", "assertion_issuers", ["organization_id"])

    op.create_table(
        "resources",
        sa.Column("id", sa.String(2048), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("token_format", sa.String(8)),
        sa.Column("token_ttl", sa.Integer()),
        sa.Column("token_alg", sa.String(16)),
        sa.Column("introspected_by", DOCUMENT, nullable=False),
        sa.Column("described", sa.Boolean(), nullable=False),
        sa.Column("dynamic_clients", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_resources"),
    )
    op.create_index("ix_resources_organization_id", "resources", ["organization_id"])

    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_revoked_tokens"),
    )
    op.create_index("ix_revoked_tokens_expires_at", "revoked_tokens", ["expires_at"])

    op.create_table(
        "roles",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("organization_id", "name", name="uq_roles_organization_id_name"),
    )
    op.create_index("ix_roles_organization_id", "roles", ["organization_id"])

    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("public_jwk", DOCUMENT, nullable=False),
        sa.Column("sealed_private", sa.LargeBinary()),
        sa.Column("activated_at", MOMENT),
        sa.Column("retired_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    op.create_index(
        "uq_signing_keys_active",
        "signing_keys",
        ["algorithm"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )

    op.create_table(
        "installation_keys",
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("purpose", name="pk_installation_keys"),
    )

    op.create_table(
        "user_keys",
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary()),
        sa.Column("erased_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("holder", name="pk_user_keys"),
    )

    op.create_table(
        "users",
        sa.Column("username", sa.String(255)),
        sa.Column("username_key", sa.String(255)),
        sa.Column("email", sa.String(254)),
        sa.Column("email_key", sa.String(254)),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("password_changed_at", MOMENT),
        sa.Column("password_must_change", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("given_name", sa.String(255)),
        sa.Column("family_name", sa.String(255)),
        sa.Column("country", sa.String(2)),
        sa.Column("birth_date", sa.Date()),
        sa.Column("phone_number", sa.String(32)),
        sa.Column("phone_number_verified", sa.Boolean(), nullable=False),
        sa.Column("claims", DOCUMENT, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("last_login_at", MOMENT),
        sa.Column("deleted_at", MOMENT),
        sa.Column("sessions_valid_from", MOMENT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_key", name="uq_users_email_key"),
        sa.UniqueConstraint("username_key", name="uq_users_username_key"),
    )
    op.create_index("ix_users_created_at", "users", ["created_at"])
    op.create_index("ix_users_organization_id", "users", ["organization_id"])

    op.create_table(
        "versions",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_versions"),
    )

    op.create_table(
        "consents",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("claims", DOCUMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.ForeignKeyConstraint(["client_id"], ["oauth2_clients.id"], name="fk_consents_client_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_consents_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("user_id", "client_id", name="uq_consents_user_id_client_id"),
    )
    op.create_index("ix_consents_client_id", "consents", ["client_id"])
    op.create_index("ix_consents_organization_id", "consents", ["organization_id"])

    op.create_table(
        "interactions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("browser_id", ID, nullable=False),
        sa.Column("client_id", sa.String(255)),
        sa.Column("request", DOCUMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("reasons", DOCUMENT, nullable=False),
        sa.Column("user_id", ID),
        sa.Column("session_id", ID),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.ForeignKeyConstraint(["browser_id"], ["browsers.id"], name="fk_interactions_browser_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_interactions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_interactions"),
        sa.UniqueConstraint("digest", name="uq_interactions_digest"),
    )
    op.create_index("ix_interactions_browser_id", "interactions", ["browser_id"])
    op.create_index("ix_interactions_client_id", "interactions", ["client_id"])
    op.create_index("ix_interactions_created_at", "interactions", ["created_at"])
    op.create_index("ix_interactions_expires_at", "interactions", ["expires_at"])

    op.create_table(
        "logout_deliveries",
        sa.Column("session_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("failed_at", MOMENT),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["oauth2_clients.id"],
            name="fk_logout_deliveries_client_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_logout_deliveries"),
    )
    op.create_index("ix_logout_deliveries_client_id", "logout_deliveries", ["client_id"])
    op.create_index(
        "ix_logout_deliveries_due",
        "logout_deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("failed_at IS NULL"),
        sqlite_where=sa.text("failed_at IS NULL"),
    )

    op.create_table(
        "oauth2_client_secrets",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth2_clients.id"], name="fk_oauth2_client_secrets_client_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_oauth2_client_secrets"),
    )
    op.create_index("ix_oauth2_client_secrets_client_id", "oauth2_client_secrets", ["client_id"])

    op.create_table(
        "oauth_account",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("provider_id", sa.String(255), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_oauth_account_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_oauth_account"),
        sa.UniqueConstraint("provider", "provider_id", name="uq_oauth_account_provider_provider_id"),
    )
    op.create_index("ix_oauth_account_user_id", "oauth_account", ["user_id"])

    op.create_table(
        "scopes",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("resource_id", sa.String(2048)),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.Column("implies", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name="fk_scopes_resource_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name", name="pk_scopes"),
    )
    op.create_index("ix_scopes_resource_id", "scopes", ["resource_id"])

    op.create_table(
        "sessions",
        sa.Column("browser_id", ID),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("auth_time", MOMENT, nullable=False),
        sa.Column("acr", sa.String(16), nullable=False),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("idle_ttl", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("organization_id", ID),
        sa.ForeignKeyConstraint(["browser_id"], ["browsers.id"], name="fk_sessions_browser_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_browser_id", "sessions", ["browser_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_organization_id", "sessions", ["organization_id"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])

    op.create_table(
        "user_roles",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name="fk_user_roles_role_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_roles_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_user_roles"),
    )
    op.create_index("ix_user_roles_role_id", "user_roles", ["role_id"])

    op.create_table(
        "grants",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("session_id", ID),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("authorization_details", DOCUMENT),
        sa.Column("claims", DOCUMENT),
        sa.Column("auth_time", MOMENT),
        sa.Column("acr", sa.String(16), nullable=False),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("nonce", sa.String(2048)),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revoke_reason", sa.String(32)),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("cnf", DOCUMENT),
        sa.Column("organization_id", ID),
        sa.ForeignKeyConstraint(["client_id"], ["oauth2_clients.id"], name="fk_grants_client_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_grants_session_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_grants_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_client_id", "grants", ["client_id"])
    op.create_index("ix_grants_organization_id", "grants", ["organization_id"])
    op.create_index("ix_grants_session_id", "grants", ["session_id"])
    op.create_index("ix_grants_user_id", "grants", ["user_id"])

    op.create_table(
        "oauth2_access_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("grant_id", ID),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("claims", DOCUMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("cnf", DOCUMENT),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth2_clients.id"], name="fk_oauth2_access_tokens_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name="fk_oauth2_access_tokens_grant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_oauth2_access_tokens"),
        sa.UniqueConstraint("jti", name="uq_oauth2_access_tokens_jti"),
    )
    op.create_index("ix_oauth2_access_tokens_client_id", "oauth2_access_tokens", ["client_id"])
    op.create_index("ix_oauth2_access_tokens_expires_at", "oauth2_access_tokens", ["expires_at"])
    op.create_index("ix_oauth2_access_tokens_grant_id", "oauth2_access_tokens", ["grant_id"])

    op.create_table(
        "oauth2_auth_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("redirect_uri", sa.String(2048), nullable=False),
        sa.Column("code_challenge", sa.String(128)),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("nonce", sa.String(2048)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.Column("cnf", DOCUMENT),
        sa.Column("grant_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_oauth2_auth_codes_grant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name="pk_oauth2_auth_codes"),
    )
    op.create_index("ix_oauth2_auth_codes_expires_at", "oauth2_auth_codes", ["expires_at"])
    op.create_index("ix_oauth2_auth_codes_grant_id", "oauth2_auth_codes", ["grant_id"])

    op.create_table(
        "authorization_types",
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("schema", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("type", name="pk_authorization_types"),
    )

    op.create_table(
        "pushed_requests",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("parameters", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth2_clients.id"], name="fk_pushed_requests_client_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_pushed_requests"),
    )
    op.create_index("ix_pushed_requests_expires_at", "pushed_requests", ["expires_at"])
    op.create_index("ix_pushed_requests_client_id", "pushed_requests", ["client_id"])

    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", ID, nullable=False),
        sa.Column("user_id", ID),
        sa.Column("session_id", ID),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("family_expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("replaced_by", ID),
        sa.Column("successor_sealed", sa.LargeBinary()),
        sa.Column("grace_until", MOMENT),
        sa.Column("id", ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.Column("cnf", DOCUMENT),
        sa.Column("grant_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_refresh_token_grant_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_refresh_token_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_token"),
        sa.UniqueConstraint("digest", name="uq_refresh_token_digest"),
    )
    op.create_index("ix_refresh_token_expires_at", "refresh_token", ["expires_at"])
    op.create_index("ix_refresh_token_grant_id", "refresh_token", ["grant_id"])
    op.create_index("ix_refresh_token_user_expires", "refresh_token", ["user_id", "expires_at"])

    op.create_table(
        "device_requests",
        sa.Column("user_code", sa.String(64), nullable=False),
        sa.Column("requested_from", sa.String(64), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("authorization_details", DOCUMENT),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("grant_id", ID),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth2_clients.id"], name="fk_device_requests_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_device_requests_grant_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_device_requests"),
        sa.UniqueConstraint("digest", name="uq_device_requests_digest"),
        sa.UniqueConstraint("user_code", name="uq_device_requests_user_code"),
    )
    op.create_index("ix_device_requests_client_id", "device_requests", ["client_id"])
    op.create_index("ix_device_requests_expires_at", "device_requests", ["expires_at"])
    op.create_index("ix_device_requests_grant_id", "device_requests", ["grant_id"])

    op.create_table(
        "backchannel_requests",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("binding_message", sa.String(255)),
        sa.Column("notification_sealed", sa.LargeBinary()),
        sa.Column("notify_at", MOMENT),
        sa.Column("notify_attempts", sa.Integer(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("consumed_at", MOMENT),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("resources", DOCUMENT, nullable=False),
        sa.Column("authorization_details", DOCUMENT),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("grant_id", ID),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth2_clients.id"], name="fk_backchannel_requests_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name="fk_backchannel_requests_grant_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_backchannel_requests_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_backchannel_requests"),
        sa.UniqueConstraint("digest", name="uq_backchannel_requests_digest"),
    )
    op.create_index("ix_backchannel_requests_client_id", "backchannel_requests", ["client_id"])
    op.create_index("ix_backchannel_requests_expires_at", "backchannel_requests", ["expires_at"])
    op.create_index("ix_backchannel_requests_grant_id", "backchannel_requests", ["grant_id"])
    op.create_index("ix_backchannel_requests_notify_at", "backchannel_requests", ["notify_at"])
    op.create_index("ix_backchannel_requests_user_id", "backchannel_requests", ["user_id"])

    postgres = op.get_context().dialect.name == "postgresql"
    for statement in AUDIT_LOG_APPEND_ONLY_POSTGRESQL if postgres else AUDIT_LOG_APPEND_ONLY_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("logout_deliveries")
    op.drop_table("backchannel_requests")
    op.drop_table("device_requests")
    op.drop_table("refresh_token")
    op.drop_table("pushed_requests")
    op.drop_table("authorization_types")
    op.drop_table("oauth2_auth_codes")
    op.drop_table("oauth2_access_tokens")
    op.drop_table("grants")
    op.drop_table("user_roles")
    op.drop_table("sessions")
    op.drop_table("scopes")
    op.drop_table("oauth_account")
    op.drop_table("oauth2_client_secrets")
    op.drop_table("interactions")
    op.drop_table("consents")
    op.drop_table("versions")
    op.drop_table("users")
    op.drop_table("user_keys")
    op.drop_table("installation_keys")
    op.drop_table("signing_keys")
    op.drop_table("roles")
    op.drop_table("revoked_tokens")
    op.drop_table("resources")
    op.drop_table("assertion_issuers")
    op.drop_table("refusals")
    op.drop_table("outbox_events")
    op.drop_table("outbox_deliveries")
    op.drop_table("oauth2_clients")
    op.drop_table("initial_access_tokens")
    op.drop_table("ephemeral_hits")
    op.drop_table("ephemeral")
    op.drop_table("browsers")
    op.drop_table("audit_log")
    op.drop_table("audit_lease")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuse()")
