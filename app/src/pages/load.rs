//! Loading a page's data before it is sent.

use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use services::Result;

use super::{
    context::{Visit, set_status, visit},
    not_found::Failure,
};

/// Awaits the data and shows it. A refusal or a fault becomes a panel that says what happened, with the
/// right status; nothing has been sent by then, because pages are rendered as a whole.
pub fn load<T, Loading, View>(
    loading: impl FnOnce(Visit) -> Loading,
    show: impl FnOnce(Visit, T) -> View + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    Loading: Future<Output = Result<T>> + Send + 'static,
    View: IntoView + 'static,
{
    let visit = visit();
    let response = use_context::<ResponseOptions>();
    let loading = loading(visit.clone());
    let data = async move { (loading.await, visit) };
    let shown = Suspend::new(async move {
        match data.await {
            (Ok(data), visit) => show(visit, data).into_any(),
            (Err(error), visit) => {
                set_status(response.as_ref(), error.code());
                let error = visit.wire(&error);
                view! { <Failure error/> }.into_any()
            }
        }
    });
    view! { <Suspense>{shown}</Suspense> }
}
