// What tests of autoscalers share.
#pragma once

#include <string>

#include "harness/runner/conformance_test.h"

namespace plumb::harness {

inline Resource autoscalers(Cluster& c, const std::string& version = "v2") { return c.in("autoscaling/" + version, "horizontalpodautoscalers"); }

inline Json condition_of(const Json& autoscaler, const std::string& type) {
  for (const Json& condition : at(autoscaler, "/status/conditions", Json::array()))
    if (text_at(condition, "/type") == type) return condition;
  return {};
}
// "True ReadyForNewScale"; " " while there is none.
inline std::string state_of(const Json& autoscaler, const std::string& type) {
  const Json condition = condition_of(autoscaler, type);
  return text_at(condition, "/status") + " " + text_at(condition, "/reason");
}
inline Json await_state(Cluster& c, const std::string& name, const std::string& type, const std::string& state, Duration timeout = timeouts::autoscaling,
                        Where where = Where::current()) {
  return c.await(autoscalers(c), name, type + " to be " + state, [&](const Json* object) { return object && state_of(*object, type) == state; }, timeout, where);
}
inline std::int64_t replicas_of(Cluster& c, const std::string& deployment) {
  return int_at(c.must(c.client().get(c.in("apps/v1", "deployments"), deployment)), "/spec/replicas");
}
inline Json await_replicas(Cluster& c, const std::string& deployment, std::int64_t least, std::int64_t most, Duration timeout = timeouts::autoscaling,
                           Where where = Where::current()) {
  const std::string what = std::to_string(least) + (most == least ? "" : " to " + std::to_string(most)) + " replicas";
  return c.await(c.in("apps/v1", "deployments"), deployment, what, [&](const Json* object) {
    return object && int_at(*object, "/spec/replicas") >= least && int_at(*object, "/spec/replicas") <= most;
  }, timeout, where);
}
// The only pod of a Deployment, ready.
inline std::string only_pod(Cluster& c, const std::string& deployment, Where where = Where::current()) {
  std::string name;
  c.await_all(c.pods(), {{"labelSelector", "app=" + deployment}}, "one ready pod of " + deployment, [&](const Cluster::Objects& pods) {
    if (pods.size() != 1 || !has_condition(pods.begin()->second, "Ready")) return false;
    name = pods.begin()->first;
    return true;
  }, timeouts::pod_runs, where);
  return name;
}
// One pod of a Deployment works from now on.
inline void work(Cluster& c, const std::string& deployment, int millicores, int seconds, Where where = Where::current()) {
  const std::string url = "http://localhost:8080/cpu?millicores=" + std::to_string(millicores) + "&seconds=" + std::to_string(seconds);
  c.output(only_pod(c, deployment, where), {"get", url}, "main", where);
}
// Reasons of the events about one autoscaler.
inline bool has_event(Cluster& c, const std::string& autoscaler, const std::string& reason) {
  const Json events = c.must(c.client().list(c.in("v1", "events"), {{"fieldSelector", "involvedObject.name=" + autoscaler + ",reason=" + reason}}));
  return !events["items"].empty();
}

}  // namespace plumb::harness
