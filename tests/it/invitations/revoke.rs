//! `DELETE /api/invitations/{id}`

use rondo_testkit::{TestApp, invitation_path, on_each_database};
use serde_json::json;

on_each_database! {
    async fn what_is_taken_back_cannot_be_answered(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;

        ada.delete(&invitation_path(&invitation, "")).await.assert_status(204);

        assert_eq!(grace.get("/api/invitations").await.told(200)["items"], json!([]));
        for below in ["/accept", "/decline"] {
            grace.post(&invitation_path(&invitation, below)).await.assert_problem(409, "conflict");
        }
        ada.delete(&invitation_path(&invitation, "")).await.assert_problem(409, "conflict");
        let listed = ada.get(&room.path("/invitations")).await.told(200);
        assert_eq!(listed["items"][0]["status"], "revoked");
        room.invite(&ada, &grace, "member").await;
    }
}
