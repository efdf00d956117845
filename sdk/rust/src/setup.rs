//! What a component says about itself before it runs, and who is told what.

use crate::client::Use;
use crate::component::{Action, Component};
use crate::message::Interface;
use crate::provider::{Call, Opened, Service};
use crate::value::Value;

type OnCall = Box<dyn FnMut(&mut Component, Call)>;
type OnStream = Box<dyn FnMut(&mut Component, Opened)>;
type OnPeer = Box<dyn FnMut(&mut Component, bool, u32)>;
type OnNotification = Box<dyn FnMut(&mut Component, &str, Value)>;
type OnStart = Box<dyn FnOnce(&mut Component, Value)>;

/// What the component is told, kept apart from what it works with: a closure gets the whole component, but for itself.
#[derive(Default)]
pub(crate) struct Handlers {
    pub calls: Vec<OnCall>,
    pub streams: Vec<Option<OnStream>>,
    pub peers: Vec<Option<OnPeer>>,
    pub notifications: Vec<Option<OnNotification>>,
    pub start: Option<OnStart>,
    pub stop: Option<Action>,
}

/// What a component says about itself before it runs.
#[derive(Default)]
pub struct Setup {
    pub(crate) handlers: Handlers,
    pub(crate) uses: Vec<(&'static str, &'static Interface)>,
    pub(crate) services: Vec<(&'static str, &'static Interface)>,
}

impl Setup {
    /// A channel of `uses:` in the manifest.
    pub fn uses(&mut self, name: &'static str, interface: &'static Interface) -> Use {
        self.uses.push((name, interface));
        self.handlers.peers.push(None);
        self.handlers.notifications.push(None);
        Use(self.uses.len() - 1)
    }

    /// Tells each change of the provider: whether it is connected, and its incarnation.
    pub fn on_peer(&mut self, channel: Use, callback: impl FnMut(&mut Component, bool, u32) + 'static) {
        self.handlers.peers[channel.0] = Some(Box::new(callback));
    }

    pub fn on_notification(&mut self, channel: Use, callback: impl FnMut(&mut Component, &str, Value) + 'static) {
        self.handlers.notifications[channel.0] = Some(Box::new(callback));
    }

    /// A service of `provides:`; `on_call` answers each call, at once or later.
    pub fn provides(
        &mut self,
        name: &'static str,
        interface: &'static Interface,
        on_call: impl FnMut(&mut Component, Call) + 'static,
    ) -> Service {
        self.services.push((name, interface));
        self.handlers.calls.push(Box::new(on_call));
        self.handlers.streams.push(None);
        Service(self.services.len() - 1)
    }

    /// Tells of each stream that a client opens. Needed where the interface of the service has any.
    pub fn on_stream(&mut self, service: Service, callback: impl FnMut(&mut Component, Opened) + 'static) {
        self.handlers.streams[service.0] = Some(Box::new(callback));
    }

    /// Called once, with the configuration of the manifest; the component is ready when it returns.
    pub fn on_start(&mut self, callback: impl FnOnce(&mut Component, Value) + 'static) {
        self.handlers.start = Some(Box::new(callback));
    }

    pub fn on_stop(&mut self, callback: impl FnOnce(&mut Component) + 'static) {
        self.handlers.stop = Some(Box::new(callback));
    }
}
