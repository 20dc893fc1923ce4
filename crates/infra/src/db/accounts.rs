//! Accounts, logins and refresh tokens.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    account::{
        Login, LoginOrigin, NameKey, PasswordHash, ProfileChange, RefreshToken, TokenDigest, User,
        ports::{AccountReads, AccountWrites},
    },
    ids::{LoginId, UserId},
    page::{Limit, Page},
    store::StoreError,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryResult, Set, sea_query::Expr};
use uuid::Uuid;

use super::{
    SqlStore,
    entity::{login, refresh_token, user},
    error::{corrupt, store},
    log::by_ids,
    page::{below, holds, one_more},
    rows::{Cells, user_columns},
    unit::SqlUnitOfWork,
};

const USER: &str = concat!("SELECT ", user_columns!(), " FROM app_user u WHERE u.id = $1");

const USERS: &str = concat!("SELECT ", user_columns!(), " FROM app_user u WHERE u.id = ANY($1)");

const CREDENTIALS: &str = concat!("SELECT ", user_columns!(), ", u.password_hash FROM app_user u WHERE u.email = $1");

const PASSWORD: &str = "SELECT password_hash FROM app_user WHERE id = $1";

const SEARCH: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", u.search_name FROM app_user u \
      WHERE (u.search_name, u.id) > ($1, $2) AND (u.search_name LIKE $3 ESCAPE '\\' OR u.email = $4) \
      ORDER BY u.search_name, u.id LIMIT $5"
);

/// Of `login l`: that it is `$1`'s and in force at `$2`, so not cut, and with a token that can still be spent.
macro_rules! in_force {
    () => {
        "l.user_id = $1 AND l.revoked_at IS NULL AND EXISTS (\
            SELECT 1 FROM refresh_token t WHERE t.login_id = l.id AND t.spent_at IS NULL AND t.voided_at IS NULL \
            AND t.expires_at > $2)"
    };
}

const LOGINS: &str = concat!(
    "SELECT l.id, l.user_id, l.user_agent, l.address, l.created_at, l.revoked_at, l.last_used_at FROM login l WHERE ",
    in_force!(),
    " AND l.id < $3 ORDER BY l.id DESC LIMIT $4"
);

const HAS_LOGIN: &str = concat!("SELECT 1 FROM login l WHERE ", in_force!(), " AND l.id = $3");

const REVOKE_ALL: &str = "\
    UPDATE login SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND id <> $3 RETURNING id";

const PASSWORD_STANDS: &str = "SELECT 1 FROM app_user WHERE id = $1 AND password_hash = $2";

const PASSWORD_STANDS_POSTGRES: &str = "SELECT 1 FROM app_user WHERE id = $1 AND password_hash = $2 FOR SHARE";

const SET_PASSWORD: &str = "UPDATE app_user SET password_hash = $2, updated_at = $3 WHERE id = $1";

const TOUCH_LOGIN: &str = "UPDATE login SET last_used_at = $2 WHERE id = $1";

const LIVE: &str = "SELECT 1 FROM login WHERE id = $1 AND revoked_at IS NULL";

const LOCK_LOGIN: &str = "\
    SELECT l.id, l.user_id, l.user_agent, l.address, l.created_at, l.revoked_at \
    FROM refresh_token t JOIN login l ON l.id = t.login_id WHERE t.digest = $1";

const LOCK_LOGIN_POSTGRES: &str = "\
    SELECT l.id, l.user_id, l.user_agent, l.address, l.created_at, l.revoked_at \
    FROM refresh_token t JOIN login l ON l.id = t.login_id WHERE t.digest = $1 FOR NO KEY UPDATE OF l";

#[async_trait]
impl AccountReads for SqlStore {
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.reader().row(USER, [id.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).user()).transpose().map_err(store)
    }

    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows = by_ids(self.reader(), USERS, &ids, users_of).await.map_err(store)?;
        rows.iter().map(|row| Cells::new(row).user()).collect::<Result<_, _>>().map_err(store)
    }

    async fn credentials(&self, email: &str) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        let row = self.reader().row(CREDENTIALS, [email.into()]).await.map_err(store)?;
        let read = |row| {
            let mut cells = Cells::new(row);
            Ok::<_, DbErr>((cells.user()?, cells.take::<Option<String>>()?.map(PasswordHash)))
        };
        row.as_ref().map(read).transpose().map_err(store)
    }

    async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(self.reader().row("SELECT 1 FROM app_user LIMIT 1", []).await.map_err(store)?.is_some())
    }

    async fn password(&self, user: UserId) -> Result<Option<PasswordHash>, StoreError> {
        let row = self.reader().row(PASSWORD, [user.0.into()]).await.map_err(store)?;
        let hash = row.map(|row| Cells::new(&row).take::<Option<String>>()).transpose().map_err(store)?;
        Ok(hash.flatten().map(PasswordHash))
    }

    async fn search(
        &self,
        query: Option<&str>,
        after: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, StoreError> {
        let (name, id) = after.map_or(("", Uuid::nil()), |key| (&*key.name, key.id.0));
        let query = query.unwrap_or_default();
        let values = [name.into(), id.into(), holds(query).into(), query.into(), one_more(limit).into()];
        let rows = self.reader().rows(SEARCH, values).await.map_err(store)?;
        found(&rows, limit).map_err(store)
    }

    async fn logins(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<LoginId>,
        limit: Limit,
    ) -> Result<Page<(Login, Timestamp), LoginId>, StoreError> {
        let values = [user.0.into(), now.into(), below(after.map(|id| id.0)), one_more(limit).into()];
        let rows = self.reader().rows(LOGINS, values).await.map_err(store)?;
        let seen = |row| {
            let mut cells = Cells::new(row);
            Ok::<_, DbErr>((login_of(&mut cells)?, cells.take()?))
        };
        let logins = rows.iter().map(seen).collect::<Result<Vec<_>, _>>().map_err(store)?;
        Ok(Page::cut(logins, limit, |(last, _)| last.id))
    }

    async fn has_login(&self, user: UserId, login: LoginId, now: Timestamp) -> Result<bool, StoreError> {
        let values = [user.0.into(), now.into(), login.0.into()];
        Ok(self.reader().row(HAS_LOGIN, values).await.map_err(store)?.is_some())
    }

    async fn login_is_live(&self, login: LoginId) -> Result<bool, StoreError> {
        Ok(self.reader().row(LIVE, [login.0.into()]).await.map_err(store)?.is_some())
    }
}

/// A page of people: their [`user_columns`], and the name by which they are sorted.
pub(super) fn found(rows: &[QueryResult], limit: Limit) -> Result<Page<User, NameKey>, DbErr> {
    let found = |row| {
        let mut cells = Cells::new(row);
        Ok::<_, DbErr>((cells.user()?, cells.take::<String>()?))
    };
    let found = rows.iter().map(found).collect::<Result<Vec<_>, _>>()?;
    let Page { items, next } = Page::cut(found, limit, |(user, name)| NameKey { name: name.clone(), id: user.id });
    Ok(Page { items: items.into_iter().map(|(user, _)| user).collect(), next })
}

#[async_trait]
impl AccountWrites for SqlUnitOfWork {
    async fn insert_user(&mut self, user: &User, password: Option<&PasswordHash>) -> Result<(), StoreError> {
        let model = user::ActiveModel {
            id: Set(user.id.0),
            email: Set(user.email.clone()),
            display_name: Set(user.display_name.clone()),
            search_name: Set(user.display_name.to_lowercase()),
            avatar_url: Set(user.avatar_url.clone()),
            bio: Set(user.bio.clone()),
            password_hash: Set(password.map(|hash| hash.0.clone())),
            created_at: Set(user.created_at),
            updated_at: Set(user.created_at),
        };
        user::Entity::insert(model).exec_without_returning(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn update_profile(&mut self, id: UserId, change: &ProfileChange) -> Result<Option<User>, StoreError> {
        self.concerns(id);
        let mut model =
            user::ActiveModel { id: Set(id.0), updated_at: Set(self.parts.clock.now()), ..Default::default() };
        if let Some(name) = &change.display_name {
            model.display_name = Set(name.as_str().to_owned());
            model.search_name = Set(name.as_str().to_lowercase());
        }
        if let Some(avatar_url) = &change.avatar_url {
            model.avatar_url = Set(avatar_url.clone());
        }
        if let Some(bio) = &change.bio {
            model.bio = Set(bio.clone());
        }
        match model.update(&self.txn).await {
            Ok(row) => Ok(Some(row.into())),
            Err(DbErr::RecordNotUpdated) => Ok(None),
            Err(error) => Err(store(error)),
        }
    }

    async fn insert_login(&mut self, login: &Login) -> Result<(), StoreError> {
        let model = login::ActiveModel {
            id: Set(login.id.0),
            user_id: Set(login.user_id.0),
            user_agent: Set(login.origin.user_agent.clone()),
            address: Set(login.origin.address.clone()),
            created_at: Set(login.created_at),
            last_used_at: Set(login.created_at),
            revoked_at: Set(login.revoked_at),
        };
        login::Entity::insert(model).exec_without_returning(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn lock_refresh_token(&mut self, digest: &TokenDigest) -> Result<Option<(Login, RefreshToken)>, StoreError> {
        let sql = if self.txn.is_postgres() { LOCK_LOGIN_POSTGRES } else { LOCK_LOGIN };
        let Some(row) = self.txn.row(sql, [digest.to_vec().into()]).await.map_err(store)? else {
            return Ok(None);
        };
        let login = login_of(&mut Cells::new(&row)).map_err(store)?;
        // In a statement of its own: only now, under the lock, does it see what the one before us wrote.
        let token = refresh_token::Entity::find_by_id(digest.to_vec()).one(&self.txn).await.map_err(store)?;
        let token = token.map(RefreshToken::try_from).transpose().map_err(store)?;
        Ok(token.map(|token| (login, token)))
    }

    async fn successor(&mut self, parent: &TokenDigest) -> Result<Option<RefreshToken>, StoreError> {
        let found = refresh_token::Entity::find()
            .filter(refresh_token::Column::Parent.eq(parent.to_vec()))
            .filter(refresh_token::Column::VoidedAt.is_null())
            .one(&self.txn)
            .await
            .map_err(store)?;
        found.map(RefreshToken::try_from).transpose().map_err(store)
    }

    async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let model = refresh_token::ActiveModel {
            digest: Set(token.digest.to_vec()),
            login_id: Set(token.login_id.0),
            parent: Set(token.parent.map(|parent| parent.to_vec())),
            created_at: Set(token.created_at),
            expires_at: Set(token.expires_at),
            spent_at: Set(token.spent_at),
            voided_at: Set(token.voided_at),
        };
        refresh_token::Entity::insert(model).exec_without_returning(&self.txn).await.map_err(store)?;
        Ok(())
    }

    async fn spend(&mut self, digest: &TokenDigest, at: Timestamp) -> Result<(), StoreError> {
        mark(self, digest, refresh_token::Column::SpentAt, at).await.map_err(store)
    }

    async fn void(&mut self, digest: &TokenDigest, at: Timestamp) -> Result<(), StoreError> {
        mark(self, digest, refresh_token::Column::VoidedAt, at).await.map_err(store)
    }

    async fn revoke_login(&mut self, login: LoginId, at: Timestamp) -> Result<(), StoreError> {
        login::Entity::update_many()
            .col_expr(login::Column::RevokedAt, Expr::value(at))
            .filter(login::Column::Id.eq(login.0))
            .filter(login::Column::RevokedAt.is_null())
            .exec(&self.txn)
            .await
            .map_err(store)?;
        Ok(())
    }

    async fn revoke_logins(
        &mut self,
        user: UserId,
        spared: Option<LoginId>,
        at: Timestamp,
    ) -> Result<Vec<LoginId>, StoreError> {
        let spared = spared.map_or(Uuid::nil(), |login| login.0); // no login has the nil id
        let rows = self.txn.rows(REVOKE_ALL, [user.0.into(), at.into(), spared.into()]).await.map_err(store)?;
        rows.iter().map(|row| Cells::new(row).take().map(LoginId)).collect::<Result<_, _>>().map_err(store)
    }

    async fn password_stands(&mut self, user: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        let sql = if self.txn.is_postgres() { PASSWORD_STANDS_POSTGRES } else { PASSWORD_STANDS };
        let row = self.txn.row(sql, [user.0.into(), hash.0.as_str().into()]).await.map_err(store)?;
        Ok(row.is_some())
    }

    async fn set_password(&mut self, user: UserId, hash: &PasswordHash) -> Result<(), StoreError> {
        let values = [user.0.into(), hash.0.as_str().into(), self.parts.clock.now().into()];
        match self.txn.run(SET_PASSWORD, values).await.map_err(store)? {
            0 => Err(StoreError::corrupt("a password of an unknown person")),
            _ => Ok(()),
        }
    }

    async fn touch_login(&mut self, login: LoginId, at: Timestamp) -> Result<(), StoreError> {
        self.txn.run(TOUCH_LOGIN, [login.0.into(), at.into()]).await.map_err(store)?;
        Ok(())
    }
}

/// Writes a moment into a token's row, the first time only.
async fn mark(
    unit: &SqlUnitOfWork,
    digest: &TokenDigest,
    column: refresh_token::Column,
    at: Timestamp,
) -> Result<(), DbErr> {
    refresh_token::Entity::update_many()
        .col_expr(column, Expr::value(at))
        .filter(refresh_token::Column::Digest.eq(digest.to_vec()))
        .filter(column.is_null())
        .exec(&unit.txn)
        .await?;
    Ok(())
}

fn users_of(places: &str) -> String {
    format!(concat!("SELECT ", user_columns!(), " FROM app_user u WHERE u.id IN ({})"), places)
}

fn login_of(cells: &mut Cells<'_>) -> Result<Login, DbErr> {
    Ok(Login {
        id: LoginId(cells.take()?),
        user_id: UserId(cells.take()?),
        origin: LoginOrigin { user_agent: cells.take()?, address: cells.take()? },
        created_at: cells.take()?,
        revoked_at: cells.take()?,
    })
}

impl From<user::Model> for User {
    fn from(row: user::Model) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            display_name: row.display_name,
            avatar_url: row.avatar_url,
            bio: row.bio,
            created_at: row.created_at,
        }
    }
}

impl TryFrom<refresh_token::Model> for RefreshToken {
    type Error = DbErr;

    fn try_from(row: refresh_token::Model) -> Result<Self, DbErr> {
        Ok(Self {
            digest: digest(&row.digest)?,
            login_id: LoginId(row.login_id),
            parent: row.parent.as_deref().map(digest).transpose()?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            spent_at: row.spent_at,
            voided_at: row.voided_at,
        })
    }
}

fn digest(bytes: &[u8]) -> Result<TokenDigest, DbErr> {
    bytes.try_into().map_err(|_| corrupt("a digest that has not 32 bytes"))
}
