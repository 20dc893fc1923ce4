//! What a subscriber selects of each event, and the key under which those who select the same share it.

use std::sync::{Arc, OnceLock, atomic::Ordering};

use async_graphql::{
    Name, Response, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection as Selected, SelectionSet},
};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use futures_util::StreamExt;
use rondo_domain::ids::RequestId;
use rondo_wire::{ErrorCode, Fault};

use crate::{
    document::{Hash, as_hash, operation},
    engine::{Executed, GraphQl, prepared},
    fault::{error_of, fill, finish, log, written},
    shape::Shape,
    subscription::{Happening, Occasion, Wish},
};

/// What two subscribers have in common who are told the same bytes of the same event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectionKey(Hash);

/// What a subscriber selects.
#[derive(Debug)]
pub struct Selection {
    pub(crate) document: Arc<ExecutableDocument>,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Variables,
    pub(crate) kind: OperationType,
    key: SelectionKey,
    shape: OnceLock<Shape>,
}

impl Selection {
    pub(crate) fn new(
        document: Arc<ExecutableDocument>,
        hash: &Hash,
        operation_name: Option<String>,
        variables: Variables,
        meant: &OperationDefinition,
    ) -> Self {
        let key = key(hash, operation_name.as_deref(), &variables, meant);
        Self { document, operation_name, variables, kind: meant.ty, key, shape: OnceLock::new() }
    }

    /// The shape of what it gives. Only for one that was run: then it is known to fit the schema.
    pub(crate) fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| {
            let meant = operation(&self.document, self.operation_name.as_deref());
            meant.map_or_else(|_| Shape::default(), |meant| Shape::of(&self.document, meant, &self.variables))
        })
    }

    /// The field that an answer calls `key`, as `Query.sessions`.
    pub(crate) fn root(&self, key: &str) -> Option<String> {
        let meant = operation(&self.document, self.operation_name.as_deref()).ok()?;
        let field = self.find(&meant.selection_set.node, key)?;
        let root = match self.kind {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        Some(format!("{root}.{field}"))
    }

    fn find<'s>(&'s self, set: &'s SelectionSet, key: &str) -> Option<&'s Name> {
        set.items.iter().find_map(|selected| match &selected.node {
            Selected::Field(field) => (field.node.response_key().node == key).then_some(&field.node.name.node),
            Selected::InlineFragment(fragment) => self.find(&fragment.node.selection_set.node, key),
            Selected::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node)?;
                self.find(&fragment.node.selection_set.node, key)
            }
        })
    }

    /// Whether it changes something.
    #[must_use]
    pub fn is_mutation(&self) -> bool {
        self.kind == OperationType::Mutation
    }

    /// Under which its bytes are shared.
    #[must_use]
    pub const fn key(&self) -> &SelectionKey {
        &self.key
    }
}

/// A key of the document, the operation and its variables. Those that are arguments of the one field that the operation
/// begins with do not count: they say what is heard and from where on, and nothing of what is shown. (A variable has one
/// type; deeper fields take no arguments, and directives take other types than these arguments.)
fn key(hash: &Hash, name: Option<&str>, variables: &Variables, meant: &OperationDefinition) -> SelectionKey {
    let mut arguments = Vec::new();
    for selected in &meant.selection_set.node.items {
        if let Selected::Field(field) = &selected.node {
            for (_, value) in &field.node.arguments {
                // Both arguments that there are, are plain: a variable stands alone or not at all.
                let _plain = value.node.clone().into_const_with(|name| {
                    arguments.push(name);
                    Err::<Value, ()>(())
                });
            }
        }
    }
    let mut digest = Context::new(&SHA256);
    digest.update(hash);
    digest.update(name.unwrap_or_default().as_bytes());
    for (name, value) in variables.iter().filter(|(name, _)| !arguments.contains(*name)) {
        digest.update(b"\0");
        digest.update(name.as_bytes());
        digest.update(b"\0");
        digest.update(value.to_string().as_bytes());
    }
    SelectionKey(as_hash(&digest.finish()))
}

impl GraphQl {
    /// Runs a subscription for what its subscriber wishes to hear: nothing is subscribed to by this.
    pub(crate) async fn wish(&self, selection: &Selection) -> Result<Wish, Vec<ServerError>> {
        let occasion = Arc::new(Occasion::asking());
        let mut responses = self.schema.execute_stream(prepared(selection).data(Arc::clone(&occasion)));
        while let Some(Response { errors, .. }) = responses.next().await {
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        occasion.wish().ok_or_else(|| {
            let detail = "A subscription begins with one field of `Subscription` that is never skipped.";
            vec![error_of(Fault::new(ErrorCode::ValidationFailed, detail))]
        })
    }

    /// What a selection that was understood gives of something that happened: an answer as it is sent, `{"data":…}`. `None`
    /// when it gives nothing, as with what stands in another stream.
    pub async fn render(&self, selection: &Selection, happening: Happening<'_>) -> Option<Bytes> {
        self.rendered.fetch_add(1, Ordering::Relaxed);
        let occasion = Arc::new(Occasion::from(happening));
        let mut responses = self.trusting.execute_stream(prepared(selection).data(occasion));
        let mut response = responses.next().await?;
        if response.data == Value::Null && response.errors.is_empty() {
            return None;
        }
        fill(&mut response.data, &response.errors);
        selection.shape().give(&mut response.data);
        if !response.errors.is_empty() {
            // All who are told these bytes are told this name; it is the one in the log.
            let request_id = RequestId::generate().0.to_string();
            log(&response.errors, &request_id, |key| selection.root(key));
            finish(&mut response.errors, &request_id);
        }
        Some(written(&Executed { data: &response.data, errors: &response.errors }).into())
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::{
        SessionId,
        event::{EventKind, RecordedEvent},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{Ask, Spoken, Stream};

    const SESSION: &str = "019c0e3a-5c00-7000-8000-000000000003";

    async fn understood(query: &str, variables: Value) -> Result<(Wish, Selection), ErrorCode> {
        let Value::Object(variables) = variables else { panic!("{variables}") };
        let ask = Ask { query: Some(query.to_owned()), variables: Some(variables), ..Ask::default() };
        match GraphQl::new(true).understand("", ask).await {
            Ok(Spoken::Subscribes(wish, selection)) => Ok((wish, selection)),
            Ok(Spoken::Asks(_)) => panic!("{query} is no subscription"),
            Err(refused) => Err(refused.code),
        }
    }

    async fn key_of(query: &str, variables: Value) -> SelectionKey {
        *understood(query, variables).await.unwrap().1.key()
    }

    #[tokio::test]
    async fn those_who_select_the_same_share_it_wherever_they_began() {
        let query = "subscription S($id: ID!, $after: Int, $all: Boolean!) \
                     { sessionEvents(sessionId: $id, after: $after) { position data @include(if: $all) } }";
        let other = SessionId::generate();
        let first = key_of(query, json!({"id": SESSION, "after": 1, "all": true})).await;
        assert_eq!(key_of(query, json!({"id": SESSION, "after": 700, "all": true})).await, first);
        assert_eq!(key_of(query, json!({"id": other.to_string(), "all": true})).await, first);
        assert_ne!(key_of(query, json!({"id": SESSION, "after": 1, "all": false})).await, first);
        let aliased = query.replace("position", "at: position");
        assert_ne!(key_of(&aliased, json!({"id": SESSION, "after": 1, "all": true})).await, first);
    }

    #[tokio::test]
    async fn a_wish_is_read_and_a_wrong_one_refused() {
        let query =
            "subscription { sessionEvents(sessionId: \"019c0e3a-5c00-7000-8000-000000000003\", after: 7) { type } }";
        let (wish, _) = understood(query, json!({})).await.unwrap();
        let session = Some(SESSION.parse().unwrap());
        assert_eq!(wish, Wish { stream: Stream::SessionEvents, session, after: Some(7) });
        for (query, code) in [
            ("subscription { messageCreated(sessionId: \"elsewhere\") { id } }", ErrorCode::NotFound),
            (
                "subscription { notificationCreated { id } typingChanged(sessionId: \"x\") { typing } }",
                ErrorCode::ValidationFailed,
            ),
            (
                "subscription { ...S @skip(if: false) } fragment S on Subscription { notificationCreated { id } }",
                ErrorCode::ValidationFailed,
            ),
            ("subscription { ...S } fragment S on Query { me { id } }", ErrorCode::ValidationFailed),
            ("subscription { __typename }", ErrorCode::ValidationFailed),
            ("subscription { notificationCreated { nonsense } }", ErrorCode::ValidationFailed),
            ("subscription { notificationCreated @skip(if: true) { id } }", ErrorCode::ValidationFailed),
            ("subscription { notificationCreated { id ", ErrorCode::BadRequest),
        ] {
            assert_eq!(understood(query, json!({})).await.map(|(wish, _)| wish), Err(code), "{query}");
        }
    }

    #[tokio::test]
    async fn a_wish_may_stand_in_fragments() {
        let whole = Wish { stream: Stream::NotificationCreated, session: None, after: None };
        for query in [
            "subscription { ...S } fragment S on Subscription { notificationCreated { ...N } } fragment N on Notification { id }",
            "subscription { ... on Subscription { ... { notificationCreated { id } } } }",
            "subscription A { ...S } subscription B { ...S } query C { ...Q } fragment S on Subscription { ...T } \
             fragment T on Subscription { notificationCreated { id } } fragment Q on Query { me { id } }",
        ] {
            let ask = Ask { query: Some(query.to_owned()), ..Ask::default() };
            let ask = Ask { operation_name: query.contains('A').then(|| "A".to_owned()), ..ask };
            let Ok(Spoken::Subscribes(wish, _)) = GraphQl::new(true).understand("", ask).await else {
                panic!("{query}")
            };
            assert_eq!(wish, whole, "{query}");
        }
    }

    #[tokio::test]
    async fn an_event_is_given_as_it_is_selected() {
        let engine = GraphQl::new(true);
        let query = format!(
            "subscription {{ heard: sessionEvents(sessionId: \"{SESSION}\") {{ type position removedUserId data }} }}"
        );
        let (_, selection) = understood(&query, json!({})).await.unwrap();
        let event = Arc::new(RecordedEvent {
            session_id: SESSION.parse().unwrap(),
            position: 7,
            kind: EventKind::MemberRemove,
            subject: None,
            data: format!(r#"{{"sessionId":"{SESSION}","userId":"{SESSION}"}}"#).into(),
            trace: None,
        });
        let bytes = engine.render(&selection, Happening::Lasting(&event)).await.unwrap();
        let given: Value = serde_json::from_slice(&bytes).unwrap();
        let data = json!({"sessionId": SESSION, "userId": SESSION});
        let expected = json!({"type": "member:remove", "position": 7, "removedUserId": SESSION, "data": data});
        assert_eq!(given, json!({"data": {"heard": expected}}));

        let payload = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
        let told = Happening::Told { name: "typing:start", payload: &payload };
        assert_eq!(engine.render(&selection, told).await, None, "of another stream");
        assert_eq!(engine.rendered(), 2);
    }
}
