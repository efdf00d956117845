//! What the root server says first: who the component is, and which channels it has.

use crate::lease::Lease;
use crate::message::{Interface, SelfName, PROTOCOL};
use crate::provider::{Client, ProviderEnd};
use crate::value::Value;

pub(crate) struct Start {
    pub own: SelfName,
    pub heartbeat_ms: u64,
    pub config: Value,
    uses: Vec<Value>,
    provides: Vec<Value>,
}

impl Start {
    /// `None` where the message is of another protocol.
    pub fn parse(body: &Value) -> Option<Start> {
        if body.get("protocol")?.as_int()? != PROTOCOL {
            return None;
        }
        let heartbeat_ms = u64::try_from(body.get("heartbeatMs")?.as_int()?).ok()?;
        Some(Start {
            own: SelfName {
                component: body.get("component")?.as_text()?.to_string(),
                incarnation: u32::try_from(body.get("incarnation")?.as_int()?).ok()?,
            },
            heartbeat_ms: heartbeat_ms.max(1),
            config: body.get("config")?.clone(),
            uses: body.get("uses")?.as_array()?.to_vec(),
            provides: body.get("provides")?.as_array()?.to_vec(),
        })
    }

    /// The lease of channel `name`, if it has one; `None` where the manifest does not give the channel by that interface.
    pub fn use_of(&self, name: &str, interface: &Interface) -> Option<Option<Lease>> {
        let is_it = |channel: &&Value| text(channel, "name") == Some(name) && text(channel, "interface") == Some(interface.name);
        self.uses.iter().find(is_it).map(|channel| lease_of(channel, name))
    }

    /// The ends of the channels that the component provides; an error where it does not provide what the manifest says.
    pub fn provider_ends(&self, services: &[(&'static str, &'static Interface)]) -> Result<Vec<ProviderEnd>, String> {
        self.provides.iter().map(|channel| provider_end(channel, services)).collect()
    }
}

fn provider_end(channel: &Value, services: &[(&'static str, &'static Interface)]) -> Result<ProviderEnd, String> {
    let service = text(channel, "service").unwrap_or("");
    let found = services
        .iter()
        .position(|(name, interface)| *name == service && text(channel, "interface") == Some(interface.name))
        .ok_or_else(|| format!("the manifest provides {service}, which this component does not"))?;
    let client = Client {
        component: text(channel, "client").unwrap_or("").to_string(),
        name: text(channel, "name").unwrap_or("").to_string(),
        grant: channel.get("grant").cloned().unwrap_or(Value::Nil),
    };
    let operations = channel.get("operations").and_then(Value::as_array).map(|names| {
        names.iter().filter_map(Value::as_text).map(str::to_string).collect()
    });
    let lease = lease_of(channel, &format!("{}.{}", client.component, client.name));
    Ok(ProviderEnd::new(found, services[found].1, client, operations, lease))
}

/// `file`: its name, that of the channel at the client, with the client's in front at the provider.
fn lease_of(channel: &Value, file: &str) -> Option<Lease> {
    let size_bytes = channel.get("leaseBytes").and_then(Value::as_int).filter(|size| *size > 0)?;
    Some(Lease::new(file, size_bytes))
}

fn text<'a>(channel: &'a Value, key: &str) -> Option<&'a str> {
    channel.get(key)?.as_text()
}
