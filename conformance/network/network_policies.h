// Asking pods under NetworkPolicies, with a short patience: what is not allowed is dropped.
#pragma once

#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

namespace plumb::harness {

// A pod with its address. Each serves HTTP at 8080, TCP at 8081, UDP at 8082.
struct Peer {
  std::string name, space, address;
};

inline Peer peer_of(const Json& pod) { return {text_at(pod, "/metadata/name"), text_at(pod, "/metadata/namespace"), text_at(pod, "/status/podIP")}; }

// The pods of the manifest with these names, ready.
inline std::map<std::string, Peer> start_peers(Cluster& c, const std::vector<std::string>& names) {
  std::map<std::string, Peer> peers;
  for (const std::string& name : names) c.apply(name);
  for (const std::string& name : names) peers[name] = peer_of(c.await_ready(name));
  return peers;
}

// A namespace with that label, and in it a pod of the manifest.
inline Peer start_peer_elsewhere(Cluster& c, const std::string& name, const std::string& label) {
  const std::string space = c.unique(name);
  c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", space}, {"labels", {{"team", label}}}}}});
  c.await({"v1", "serviceaccounts", space}, "default", "the service account that pods run under", [](const Json* account) { return account != nullptr; });
  Json pod = c.object(name);
  pod["metadata"]["namespace"] = space;
  c.must(c.client().create({"v1", "pods", space}, pod));
  return peer_of(c.await({"v1", "pods", space}, name, "pod " + name + " to be ready", [](const Json* object) { return object != nullptr && has_condition(*object, "Ready"); },
                         timeouts::pod_runs));
}

inline bool succeeds(Cluster& c, const Peer& from, std::vector<std::string> words) {
  words.insert(words.begin(), "/plumb-test");
  words.insert(words.end(), {"--timeout", "1"});
  const auto asked = c.client().exec(from.space, from.name, words);
  return asked.ok() && asked->exit_code == 0;
}
inline bool gets(Cluster& c, const Peer& from, const Peer& to, int port = 8080) { return succeeds(c, from, {"get", "http://" + host_port(to.address, port) + "/hostname"}); }
inline bool echoes(Cluster& c, const Peer& from, const Peer& to, const std::string& by, int port) { return succeeds(c, from, {by, host_port(to.address, port), "ping"}); }

inline void await_allowed(Cluster& c, const Peer& from, const Peer& to, int port = 8080, Where where = Where::current()) {
  c.eventually(to.name + " to answer " + from.name + " at port " + std::to_string(port), [&] { return gets(c, from, to, port); }, timeouts::object_changes, where);
}
inline void await_denied(Cluster& c, const Peer& from, const Peer& to, int port = 8080, Where where = Where::current()) {
  c.eventually(to.name + " not to answer " + from.name + " at port " + std::to_string(port), [&] { return !gets(c, from, to, port); }, timeouts::object_changes, where);
}

inline Resource policies_of(Cluster& c) { return c.in("networking.k8s.io/v1", "networkpolicies"); }

// A policy of the test's namespace that allows exactly what `spec` says.
inline void put_policy(Cluster& c, const std::string& name, const Json& spec) {
  const Json policy = {{"apiVersion", "networking.k8s.io/v1"}, {"kind", "NetworkPolicy"}, {"metadata", {{"name", name}}}, {"spec", spec}};
  if (!c.client().get(policies_of(c), name).ok()) {
    c.create(policy);
    return;
  }
  c.must(c.client().patch(policies_of(c), name, client::PatchKind::json, Json::array({{{"op", "replace"}, {"path", "/spec"}, {"value", spec}}})));
}
inline void drop_policy(Cluster& c, const std::string& name) { c.must(c.client().remove(policies_of(c), name)); }

inline Json selecting(const std::string& app) { return {{"matchLabels", {{"app", app}}}}; }

}  // namespace plumb::harness
