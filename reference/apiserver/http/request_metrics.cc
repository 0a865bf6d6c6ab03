#include "reference/apiserver/http/request_metrics.h"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "harness/base/metrics.h"

namespace plumb::apiserver {
namespace {

const std::vector<double> duration_buckets{.005, .025, .05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60};

// One row of labels, with its handles: looked up by one string, so that a request costs one hash.
struct Row {
  metrics::Histogram duration, sli;
  metrics::Labels labels;
  std::mutex mutex;
  std::unordered_map<int, metrics::Counter> by_code;
};

std::string_view verb_label(std::string_view verb) {
  if (verb == "get") return "GET";
  if (verb == "list") return "LIST";
  if (verb == "watch") return "WATCH";
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  if (verb == "patch") return "PATCH";
  if (verb == "delete") return "DELETE";
  if (verb == "deletecollection") return "DELETECOLLECTION";
  return "other";
}

std::string_view scope_of(const RequestInfo& info) {
  if (!info.is_resource) return "";
  if (!info.name.empty() || info.verb == "create") return "resource";
  return info.namespace_.empty() ? "cluster" : "namespace";
}

metrics::Labels labels_of(const RequestInfo& info) {
  const bool known = !info.is_resource || resources::find(info.group, info.version, info.resource);
  return {{"verb", std::string(verb_label(info.verb))},
          {"group", known ? info.group : ""},
          {"version", known ? info.version : ""},
          {"resource", known ? info.resource : ""},
          {"subresource", known && info.subresource.size() < 20 ? info.subresource : ""},
          {"scope", std::string(scope_of(info))},
          {"component", "apiserver"}};
}

Row& row_of(const RequestInfo& info, bool dry_run) {
  static std::shared_mutex mutex;
  static std::unordered_map<std::string, std::unique_ptr<Row>> rows;
  std::string key;
  const bool known = !info.is_resource || resources::find(info.group, info.version, info.resource);
  for (const std::string_view part : {verb_label(info.verb), scope_of(info), std::string_view(dry_run ? "d" : "")}) key.append(part).append(1, '/');
  if (known)
    for (const std::string& part : {info.group, info.version, info.resource, info.subresource.size() < 20 ? info.subresource : ""}) key.append(part).append(1, '/');
  {
    const std::shared_lock lock(mutex);
    const auto found = rows.find(key);
    if (found != rows.end()) return *found->second;
  }
  const std::unique_lock lock(mutex);
  auto& row = rows[key];
  if (row) return *row;
  metrics::Labels labels = labels_of(info);
  auto duration = metrics::histogram("apiserver_request_duration_seconds", "Response latency distribution in seconds for each verb, resource and scope.",
                                     duration_buckets, [&] {
                                       metrics::Labels with = labels;
                                       with["dry_run"] = dry_run ? "All" : "";
                                       return with;
                                     }());
  auto sli = metrics::histogram("apiserver_request_sli_duration_seconds", "Response latency distribution without the time spent in webhooks and queues.",
                                duration_buckets, labels);
  labels["dry_run"] = dry_run ? "All" : "";
  row.reset(new Row{duration, sli, std::move(labels), {}, {}});
  return *row;
}

metrics::Gauge& inflight(bool mutating) {
  static metrics::Gauge writes = metrics::gauge("apiserver_current_inflight_requests", "Requests in flight, by kind.", {{"request_kind", "mutating"}});
  static metrics::Gauge reads = metrics::gauge("apiserver_current_inflight_requests", "Requests in flight, by kind.", {{"request_kind", "readOnly"}});
  return mutating ? writes : reads;
}

metrics::Gauge longrunning(const RequestInfo& info) {
  return metrics::gauge("apiserver_longrunning_requests", "Watches and other streams that are open.", labels_of(info));
}

}  // namespace

bool is_stream(std::string_view subresource) {
  return subresource == "log" || subresource == "exec" || subresource == "attach" || subresource == "portforward" || subresource == "proxy";
}

void request_began(const RequestInfo& info, bool mutating, bool streams) {
  if (streams)
    longrunning(info).add(1);
  else
    inflight(mutating).add(1);
}

void request_finished(Call& call, bool mutating, bool streams) {
  const RequestInfo& info = call.info();
  if (streams)
    longrunning(info).add(-1);
  else
    inflight(mutating).add(-1);
  Row& row = row_of(info, call.context().dry_run);
  const double seconds = std::chrono::duration<double>(call.clock().now() - call.began()).count();
  if (!streams) {
    row.duration.observe(seconds);
    row.sli.observe(seconds);
  }
  const std::lock_guard lock(row.mutex);
  auto at = row.by_code.find(call.answered());
  if (at == row.by_code.end()) {
    metrics::Labels labels = row.labels;
    labels["code"] = std::to_string(call.answered());
    at = row.by_code.emplace(call.answered(), metrics::counter("apiserver_request_total", "Requests by verb, resource, scope and status code.", labels)).first;
  }
  at->second.add();
}

}  // namespace plumb::apiserver
