#include "perf/pod_load.h"

#include <simdjson.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "harness/load/measure/recorder.h"
#include "harness/load/measure/reconcile_rules.h"
#include "perf/load_spread.h"

namespace plumb::perf {
namespace {

using harness::LoadChange;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr char simulated_label[] = "plumb.io/hollow", kwok_annotation[] = "kwok.x-k8s.io/node";
constexpr const char* usage_annotations[] = {"plumbline.io/cpu-usage", "kwok.x-k8s.io/usage-cpu"};
constexpr int load_port = 8080;
constexpr std::size_t most_under_way = 64;
// Pods begin and end in crowds: what follows on a change is sent together.
constexpr Duration pause = 100ms, ramp_step = 500ms;
// A pod that is asked works for so long by itself; it is asked anew long before.
constexpr Duration work_length = 60s, renewal = 20s;
constexpr Duration request_limit = 10s, patience = 30s;

// All labels but the one that tells the revision of the template.
std::string labels_of(const simdjson::dom::element& pod) {
  std::string text;
  simdjson::dom::object labels;
  if (pod.at_pointer("/metadata/labels").get(labels)) return text;
  std::set<std::string> sorted;
  for (const auto field : labels) {
    std::string_view value;
    if (field.key != "pod-template-hash" && !field.value.get(value)) sorted.insert(std::string(field.key) + "=" + std::string(value));
  }
  for (const std::string& one : sorted) text += one + ",";
  return text;
}

client::Request annotate(const std::string& pods, const std::string& pod, std::int64_t milli_cpu) {
  json annotations;
  for (const char* name : usage_annotations) annotations[name] = std::to_string(milli_cpu) + "m";
  return {.method = "PATCH",
          .target = pods + "/" + pod,
          .headers = {{"content-type", "application/merge-patch+json"}},
          .body = json{{"metadata", {{"annotations", annotations}}}}.dump(),
          .timeout = request_limit};
}
client::Request ask(const std::string& pods, const std::string& pod, std::int64_t milli_cpu) {
  return {.target = pods + "/" + pod + ":" + std::to_string(load_port) + "/proxy/load?millicores=" + std::to_string(milli_cpu) +
                    "&seconds=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(work_length).count()),
          .timeout = request_limit};
}

}  // namespace

struct PodLoad::State : std::enable_shared_from_this<State> {
  explicit State(PodLoadContext context) : context(std::move(context)), pods_path(client::Resource{"v1", "pods", this->context.space}.path()) {}

  PodLoadContext context;
  const std::string pods_path;
  mutable std::mutex mutex;
  std::condition_variable changed;
  // All below under mutex.
  LoadSpread spread;
  bool stopped = false, stirred = false;
  LoadChange load;
  struct Step {
    Instant at;
    double cores;
    Duration over;
  };
  std::deque<Step> steps;  // to come, in order
  std::size_t under_way = 0;
  std::optional<Instant> refused_since;  // no pod has taken a load since
  bool taken_once = false;
  std::string why_lacking;
  std::map<std::string, std::string> refused;  // by ready pod, why it did not take its share
  // Used by the thread alone.
  std::map<std::string, bool> simulated;  // by node
  std::unique_ptr<harness::Recorder> recorder;
  std::thread thread;

  void take(std::string_view type, const simdjson::dom::element& object) {
    const harness::ObjectReader pod(object);
    const std::string name(pod.text("/metadata/name"));
    const bool ready = type != "DELETED" && !pod.has("/metadata/deletionTimestamp") && pod.condition("Ready") == "True";
    std::lock_guard lock(mutex);
    if (!ready) refused.erase(name);
    if (type == "DELETED") spread.gone(name);
    else spread.pod(name, labels_of(object), std::string(pod.text("/spec/nodeName")), ready);
    stir();
  }
  // With the lock held.
  void stir() {
    stirred = true;
    changed.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      const Instant now = context.clock.now();
      if (!steps.empty() && now >= steps.front().at) {
        load = {load.to, steps.front().cores, now, steps.front().over};
        spread.change(load);
        const LoadChange change = load;
        lock.unlock();
        context.changes(change);
        lock.lock();
        steps.pop_front();  // not before: until it was told, the change is to come
        lock.unlock();
        context.progress();
        lock.lock();
        continue;
      }
      stirred = false;
      const std::vector<LoadSpread::Share> shares = load.began == Instant() ? std::vector<LoadSpread::Share>() : spread.due(now, now - renewal, most_under_way - under_way);
      under_way += shares.size();
      lock.unlock();
      for (const auto& share : shares) send(share);
      if (!shares.empty()) context.progress();
      lock.lock();
      wait(lock, now);
    }
  }
  void wait(std::unique_lock<std::mutex>& lock, Instant passed_at) {
    const Duration longest = spread.changing(passed_at) ? ramp_step : 1s;
    Instant until = passed_at + longest;
    if (!steps.empty()) until = std::min(until, steps.front().at);
    changed.wait_until(lock, std::max(until, passed_at + pause), [&] { return stopped || stirred; });
    changed.wait_until(lock, passed_at + pause, [&] { return stopped; });
  }

  void send(const LoadSpread::Share& share) {
    const bool by_annotation = is_simulated(share.node);
    context.transport.send(by_annotation ? annotate(pods_path, share.pod, share.milli_cpu) : ask(pods_path, share.pod, share.milli_cpu),
                           {.first_byte = nullptr, .data = nullptr, .done = [self = shared_from_this(), pod = share.pod, node = share.node, by_annotation](Result<client::Response> response) {
                              self->answered(pod, node, by_annotation, response);
                            }});
  }
  bool is_simulated(const std::string& node) {
    const auto [known, fresh] = simulated.try_emplace(node, false);
    if (!fresh) return known->second;
    // Who may not read nodes has real ones.
    const auto object = context.client.get({"v1", "nodes", ""}, node);
    if (!object.ok()) return false;
    const json& metadata = object->at("metadata");
    known->second = metadata.value("labels", json::object()).contains(simulated_label) || metadata.value("annotations", json::object()).contains(kwok_annotation);
    return known->second;
  }
  void answered(const std::string& pod, const std::string& node, bool by_annotation, const Result<client::Response>& response) {
    {
      std::lock_guard lock(mutex);
      --under_way;
      if (stopped) return;
      const bool ok = response.ok() && response->status < 300;
      if (ok) {
        taken_once = true;
        refused_since.reset();
        refused.erase(pod);
        if (by_annotation) spread.lasts(pod);
      } else if (!response.ok() || response->status != 404 || !by_annotation) {
        // Asked again with the next pass. Annotating one that has gone meanwhile is no matter.
        spread.untold(pod);
        refuse(pod, node, by_annotation, response);
      }
      stirred = stirred || ok;  // there is room for what waits
      changed.notify_all();
    }
    context.progress();
  }
  void refuse(const std::string& pod, const std::string& node, bool by_annotation, const Result<client::Response>& response) {
    const Instant now = context.clock.now();
    const std::string reason = response.ok() ? "HTTP " + std::to_string(response->status) + " " + response->body.substr(0, 200) : response.error().message;
    refused[pod] = reason;
    if (!refused_since) refused_since = now;
    if (taken_once || now - *refused_since < patience) return;
    why_lacking = by_annotation ? "the right to annotate pods: " + reason
                                : "pods that can be given work: node " + node + " is no simulated one, and pod " + pod + " does not answer GET :" + std::to_string(load_port) +
                                      "/load as the test image does (name that with --set image=…): " + reason;
  }
};

PodLoad::PodLoad(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<PodLoad>> PodLoad::start(PodLoadContext context) {
  auto state = std::make_shared<State>(std::move(context));
  state->recorder = PLUMB_TRY(harness::Recorder::start(state->context.transport, state->context.clock, state->pods_path,
                                                       [weak = std::weak_ptr(state)](Instant, std::string_view type, const simdjson::dom::element& object) {
                                                         if (const auto self = weak.lock()) self->take(type, object);
                                                       }));
  std::unique_ptr<PodLoad> made(new PodLoad(state));
  state->thread = std::thread([state = state.get()] { state->run(); });
  return made;
}

PodLoad::~PodLoad() { (void)stop(); }

Status PodLoad::stop() {
  if (!state_->thread.joinable()) return {};
  const Status seen = state_->recorder->stop();
  {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
  state_->recorder.reset();
  PLUMB_TRY(seen);
  std::lock_guard lock(state_->mutex);
  if (state_->refused.empty()) return {};
  const auto& [pod, why] = *state_->refused.begin();
  return fail(Code::unavailable, std::to_string(state_->refused.size()) + " pods did not take their share of the load; " + pod + ": " + why);
}

void PodLoad::set(const Change& change) {
  std::lock_guard lock(state_->mutex);
  const double before = state_->steps.empty() ? state_->load.to : state_->steps.back().cores;
  const Instant begins = state_->context.clock.now() + change.after;
  state_->steps.push_back({begins, change.cores, change.over});
  if (change.length > Duration::zero()) state_->steps.push_back({begins + change.length, before, Duration::zero()});
  state_->stir();
}

bool PodLoad::busy() const {
  std::lock_guard lock(state_->mutex);
  return !state_->steps.empty() || state_->spread.changing(state_->context.clock.now());
}

std::string PodLoad::lacking() const {
  std::lock_guard lock(state_->mutex);
  return state_->why_lacking;
}

}  // namespace plumb::perf
