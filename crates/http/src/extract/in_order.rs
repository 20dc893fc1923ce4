//! Arguments are taken one after the other, as they stand in the handler's signature. The framework alone takes them
//! all at once, so a bad body could be told to somebody who is not signed in. What counts per address is counted first.

use actix_web::{Error, FromRequest, Handler, HttpRequest, dev::Payload};
use futures_util::future::LocalBoxFuture;

use crate::{limits, problem::Failure};

/// A handler whose arguments are taken in order.
#[derive(Clone)]
pub(crate) struct InOrder<H>(H);

/// Has the arguments of `handler` taken in order.
pub(crate) fn in_order<H>(handler: H) -> InOrder<H> {
    InOrder(handler)
}

/// Arguments that were taken in order.
pub(crate) struct Taken<Args>(Args);

impl<H, Args> Handler<Taken<Args>> for InOrder<H>
where
    H: Handler<Args>,
{
    type Output = H::Output;
    type Future = H::Future;

    fn call(&self, Taken(args): Taken<Args>) -> Self::Future {
        self.0.call(args)
    }
}

macro_rules! taken {
    ($($arg:ident)*) => {
        impl<$($arg: FromRequest + 'static),*> FromRequest for Taken<($($arg,)*)> {
            type Error = Error;
            type Future = LocalBoxFuture<'static, Result<Self, Error>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let request = request.clone();
                let mut payload = payload.take();
                Box::pin(async move {
                    limits::take_by_address(&request).await.map_err(Failure::from)?;
                    Ok(Self(($($arg::from_request(&request, &mut payload).await.map_err(Into::into)?,)*)))
                })
            }
        }
    };
}

taken!(A);
taken!(A B);
taken!(A B C);
taken!(A B C D);
taken!(A B C D E);
