#include "reference/controllers/framework/transcript.h"

#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/api/codec/json.h"
#include "reference/api/doc/document.h"
#include "reference/api/text/time.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/driver.h"
#include "reference/controllers/framework/own_role.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/framework/summaries.h"
#include "reference/controllers/framework/transcript_load.h"
#include "reference/informer/fake_client.h"

namespace plumb::controllers {

namespace {

using informer::FakeClient;
using informer::object_key;

constexpr std::size_t keys_limit = 2'000;  // of one controller, before the others come

std::string first_word(std::string& line) {
  const auto space = line.find(' ');
  std::string word = line.substr(0, space);
  line.erase(0, space == std::string::npos ? space : space + 1);
  return word;
}

const informer::Resource* resource_named(const std::string& name) {
  for (const informer::Resource* resource : resources::all())
    if (resource->group_resource() == name || resource->names().plural == name) return resource;
  return nullptr;
}

Result<std::shared_ptr<api::Object>> decode(const std::string& json) {
  const api::TypeMeta meta = PLUMB_TRY(api::peek_type_meta(json));
  const api::TypeInfo* type = api::find_type(meta.api_version, meta.kind);
  if (!type) return fail(Code::invalid_argument, "no such kind");
  return api::decode_json(*type, json);
}

// Of other types, what stands beside metadata and spec.
std::string other_fields(const api::Object& object) {
  std::string text;
  std::string json;
  api::encode_json(object, json);
  const Result<api::Doc> doc = api::parse_json(json);
  if (!doc.ok()) return text;
  for (const api::Doc::Member& member : doc->members()) {
    if (member.name() == "status") text += " " + member.value.to_json();
    if (member.value.kind() == api::Doc::Kind::integer) text += " " + std::string(member.name()) + " " + member.value.to_json();
  }
  return text;
}

std::string summary(const api::Object& object) {
  std::string text = object_key(object);
  text += summary_of(object).value_or(other_fields(object));
  for (const auto& owner : object.metadata.ownerReferences) text += " owner " + owner.name.str();
  for (const api::Str& finalizer : object.metadata.finalizers) text += " finalizer " + finalizer.str();
  if (object.metadata.deletionTimestamp) text += " deleting";
  return text;
}

class Theatre {
 public:
  Theatre() { client_.intercept([this](const Request& request) { return refuse(request); }); }

  std::string command(std::string line) {
    const std::string name = first_word(line);
    std::string output = carry_out(name, line);
    if (name == "hold") {
      hold_next_ = true;
    } else if (std::exchange(hold_next_, false)) {
      client_.hold_events();
    }
    run();
    output += calls();
    return output;
  }

 private:
  std::string carry_out(const std::string& name, std::string line) {
    if (name == "start") return start(line);
    if (name == "stop") return stop();
    if (name == "option") {
      const std::string key = first_word(line);
      options_values_[key] = line;
      return {};
    }
    if (name == "apply" || name == "status") return apply(line, name == "status");
    if (name == "delete") return remove(line);
    if (name == "erase") {
      const std::string kind = first_word(line);
      client_.erase(*resource_named(kind), line);
      return {};
    }
    if (name == "kubelet") return kubelet(line);
    if (name == "quiet") return quiet_ = true, std::string();
    if (name == "follow") return follow(line);
    if (const auto problem = load_.command(name, line)) return problem->empty() ? "" : "error: " + *problem + "\n";
    if (name == "end") return end(line);
    if (name == "fail") {
      failing_ = first_word(line);
      failing_ += " " + first_word(line);
      failures_ = static_cast<int>(parse_int(line).value_or(1));
      return {};
    }
    if (name == "release") client_.release_events();
    if (name == "advance") return advance(line);
    if (name == "show") return show(line);
    if (name == "events") return events();
    return {};
  }

  std::string start(const std::string& names) {
    options_ = Options(options_values_);
    for (const std::string_view name : split(names, ' ')) {
      auto controller = Registry<Controller>::make(std::string(name));
      if (!controller) return "no controller " + std::string(name) + "\n";
      auto& client = clients_.emplace_back(std::make_unique<OwnRoleClient>(client_, controller->account(), [this](const std::string& what) { forbidden_ += "  FORBIDDEN: " + what + "\n"; }));
      drivers_.push_back(std::make_unique<Driver>(std::string(name), std::move(controller), *client, *informers_, clock_, options_));
    }
    informers_->start();
    return {};
  }

  std::string stop() {
    informers_->stop();
    drivers_.clear();
    clients_.clear();
    informers_.emplace(client_, clock_);
    return {};
  }

  std::string apply(const std::string& json, bool status) {
    auto decoded = decode(json);
    if (!decoded.ok()) return "error: " + decoded.error().message + "\n";
    const std::shared_ptr<api::Object> object = *decoded;
    const informer::Resource& resource = informer::resource_of(object->type());
    if (resource.names().namespaced && object->metadata.namespace_.empty()) object->metadata.namespace_ = "default";
    ObjectPtr current = client_.find(resource, object_key(*object));
    if (!current && !status) {
      client_.add(object);
      return {};
    }
    Result<ObjectPtr> result = client_.call(informer::update_request(object, status ? "status" : ""));
    own_calls_ = 1;
    return result.ok() ? "" : "error: " + result.error().message + "\n";
  }

  std::string remove(std::string line) {
    const std::string kind = first_word(line), key = first_word(line);
    const auto parts = informer::split_key(key);
    metav1::DeleteOptions options;
    if (!line.empty()) options.propagationPolicy = api::Str(line);
    const Result<ObjectPtr> result = client_.call(informer::remove_request(*resource_named(kind), parts.namespace_, parts.name, options));
    own_calls_ = 1;
    return result.ok() ? "" : "error: " + result.error().message + "\n";
  }

  std::string kubelet(const std::string& line) {
    std::int64_t left = parse_int(line).value_or(1'000'000);
    for (const auto& pod : client_.all<corev1::Pod>()) {
      if (pod->metadata.deletionTimestamp) {
        end_deletion(*pod);
        continue;
      }
      if (pod->status.phase == corev1::PodRunning || is_terminal(*pod) || left-- <= 0) continue;
      begin(*pod);
    }
    return {};
  }

  void begin(const corev1::Pod& pod) {
    auto next = std::make_shared<corev1::Pod>(pod);
    if (next->spec.nodeName.empty()) next->spec.nodeName = target_node(pod).empty() ? "n1" : target_node(pod);
    next->status.phase = corev1::PodRunning;
    next->status.startTime = api::Time::from(clock_.wall());
    corev1::PodCondition& ready = next->status.conditions.emplace_back();
    ready.type = corev1::PodReady;
    ready.status = "True";
    ready.lastTransitionTime = api::Time::from(clock_.wall());
    client_.add(next);
  }

  // Pods that begin and end by themselves.
  void let_pods_live() {
    const auto delay = load_.starts_after();
    if (!delay) return;
    for (const auto& pod : client_.all<corev1::Pod>()) {
      if (pod->metadata.deletionTimestamp) {
        end_deletion(*pod);
      } else if (pod->status.phase != corev1::PodRunning && !is_terminal(*pod) && clock_.wall() - pod->metadata.creationTimestamp.wall() >= *delay) {
        begin(*pod);
      }
    }
  }

  void end_deletion(const corev1::Pod& pod) {
    if (pod.metadata.finalizers.empty()) return client_.erase(informer::resource_of<corev1::Pod>(), object_key(pod));
    auto next = std::make_shared<corev1::Pod>(pod);
    if (!is_terminal(*next)) next->status.phase = corev1::PodFailed;
    next->metadata.deletionGracePeriodSeconds = 0;
    client_.add(next);
  }

  std::string end(std::string line) {
    const std::string phase = first_word(line), which = first_word(line);
    const auto count = parse_int(which);
    std::int64_t left = count.value_or(1'000'000);
    for (const auto& pod : client_.all<corev1::Pod>()) {
      if (pod->status.phase != corev1::PodRunning || (!count && !object_key(*pod).starts_with(which)) || left-- <= 0) continue;
      auto next = std::make_shared<corev1::Pod>(*pod);
      next->status.phase = phase;
      for (corev1::PodCondition& condition : next->status.conditions)
        if (condition.type == corev1::PodReady) condition.status = "False";
      for (const corev1::Container& container : next->spec.containers) {
        corev1::ContainerStatus& status = next->status.containerStatuses.emplace_back();
        status.name = container.name;
        auto& terminated = status.state.terminated.ensure();
        terminated.exitCode = static_cast<std::int32_t>(phase == corev1::PodFailed ? parse_int(line).value_or(1) : 0);
        terminated.finishedAt = api::Time::from(clock_.wall());
      }
      client_.add(next);
    }
    return {};
  }

  std::string advance(const std::string& text) {
    const Result<Duration> by = api::parse_duration(text);
    if (!by.ok()) return "error: " + by.error().message + "\n";
    std::string output;
    const Instant until = clock_.now() + *by;
    run();
    while (clock_.now() < until) {
      const Duration step = std::min<Duration>(until - clock_.now(), load_.step());
      if (!clock_.advance_to_next(step)) clock_.advance(step);
      run();
      output += changes_of_followed();
    }
    return output;
  }

  std::string follow(const std::string& line) {
    followed_ = line;
    follow_from_ = clock_.now();
    followed_replicas_.reset();
    return changes_of_followed();
  }
  // "+15s 2 -> 4"
  std::string changes_of_followed() {
    const auto deployment = client_.find<appsv1::Deployment>(followed_);
    if (!deployment) return {};
    const std::int32_t replicas = deployment->spec.replicas.value_or(1);
    const auto before = std::exchange(followed_replicas_, replicas);
    if (!before || *before == replicas) return {};
    return "+" + api::format_duration(std::chrono::floor<std::chrono::seconds>(clock_.now() - follow_from_)) + " " + std::to_string(*before) + " -> " + std::to_string(replicas) + "\n";
  }

  std::string show(const std::string& kind) const {
    std::string output;
    for (const ObjectPtr& object : client_.all(*resource_named(kind))) output += summary(*object) + "\n";
    return output;
  }

  std::string events() {
    std::string output;
    for (const auto& event : client_.all<corev1::Event>()) {
      output += event->type.str() + " " + event->reason.str() + " " + event->involvedObject.kind.str() + "/" + event->involvedObject.name.str() +
                ": " + event->message.str() + (event->count > 1 ? " x" + std::to_string(event->count) : "") + "\n";
      client_.erase(informer::resource_of<corev1::Event>(), object_key(*event));
    }
    return output;
  }

  void run() {
    let_pods_live();
    load_.act();
    for (bool busy = true; busy;) {
      busy = false;
      for (const auto& driver : drivers_) {
        const std::size_t worked = driver->run_pending(keys_limit);
        busy |= worked > 0;
        if (worked == keys_limit) return give_up(driver->name());
      }
    }
  }

  // The calls would be as endless.
  void give_up(const std::string& name) {
    client_.take_log();
    own_calls_ = 0;
    forbidden_ += "  ENDLESS " + name + "\n";
  }

  // What was asked of the API, but for events.
  std::string calls() {
    std::vector<std::string> log = client_.take_log();
    if (own_calls_) log.erase(log.begin(), log.begin() + std::exchange(own_calls_, 0));
    std::erase_if(log, [](const std::string& call) { return call.find(" events ") != std::string::npos; });
    std::string output = std::exchange(forbidden_, {});
    if (quiet_) return output;
    for (std::size_t i = 0; i < log.size();) {
      std::size_t same = i;
      while (same < log.size() && log[same] == log[i]) ++same;
      output += "  " + log[i] + (same - i > 1 ? " x" + std::to_string(same - i) : "") + "\n";
      i = same;
    }
    return output;
  }

  std::optional<Error> refuse(const Request& request) {
    if (failures_ <= 0 || !informer::describe(request).starts_with(failing_ + " ")) return std::nullopt;
    --failures_;
    Error error = fail(Code::internal, "refused for this transcript", "InternalError");
    error.http_status = 500;
    return error;
  }

  VirtualClock clock_;
  FakeClient client_{clock_};
  TranscriptLoad load_{client_, clock_};
  std::optional<informer::InformerFactory> informers_{std::in_place, client_, clock_};
  std::map<std::string, std::string> options_values_;
  Options options_;
  std::string failing_;
  int failures_ = 0;
  int own_calls_ = 0;
  bool hold_next_ = false, quiet_ = false;
  std::string followed_;
  Instant follow_from_;
  std::optional<std::int32_t> followed_replicas_;
  std::string forbidden_;
  std::vector<std::unique_ptr<OwnRoleClient>> clients_;
  std::vector<std::unique_ptr<Driver>> drivers_;
};

}  // namespace

std::string run_transcript(std::string_view transcript) {
  log::set_level(log::Level::error);
  Theatre stage;
  std::istringstream input{std::string(transcript)};
  std::string output;
  bool in_output = false;  // below a command: what is there is replaced
  for (std::string line; std::getline(input, line);) {
    if (line.starts_with("> ")) {
      output += line + "\n" + stage.command(line.substr(2));
      in_output = true;
    } else if (line.starts_with("#") || line.empty()) {
      output += line + "\n";
      in_output = false;
    } else if (!in_output) {
      output += line + "\n";
    }
  }
  return output;
}

}  // namespace plumb::controllers
