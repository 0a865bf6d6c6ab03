#include "harness/runner/cluster.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/base/wait.h"
#include "harness/runner/manifest.h"

namespace plumb::harness {
namespace {

std::string substitute(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = "${" + name + "}";
    for (auto found = text.find(mark); found != std::string::npos; found = text.find(mark, found + value.size())) text.replace(found, mark.size(), value);
  }
  return text;
}

}  // namespace

Cluster::Cluster(std::shared_ptr<Client> client, std::string space, std::string manifest, Images images, Reporter& reporter, Connect connect)
    : client_(std::move(client)), space_(std::move(space)), manifest_(std::move(manifest)), images_(std::move(images)), reporter_(reporter), connect_(std::move(connect)) {}

std::string Cluster::text_of_manifest(std::map<std::string, std::string> values) const {
  values.insert({{"NAMESPACE", space_}, {"IMAGE", images_.first}, {"IMAGE_V2", images_.second}});
  return substitute(manifest_, values);
}

void Cluster::stop(const std::string& message, Where where) {
  ADD_FAILURE_AT(where.file_name(), where.line()) << message;
  throw TestEnded();
}

void Cluster::must(Status status, Where where) {
  if (!status.ok()) stop(status.error().message, where);
}

void Cluster::require(bool holds, const std::string& what, Where where) {
  if (!holds) stop("it does not hold that " + what, where);
}

void Cluster::check_refusal(const Error& error, int http_status, const std::string& reason, Where where) {
  if (error.http_status == http_status && (reason.empty() || error.reason == reason)) return;
  stop("expected the server to refuse with " + std::to_string(http_status) + " " + reason + ", got: " + error.message, where);
}

std::shared_ptr<Client> Cluster::as(const std::string& user, const std::vector<std::string>& groups, Where where) {
  client::Config config = client_->config();
  config.user.impersonate_user = user;
  config.user.impersonate_groups = groups;
  return must(connect_(config), where);
}

std::shared_ptr<Client> Cluster::with_token(const std::string& token, Where where) {
  client::Config config = client_->config();
  config.user = {};
  config.user.token = token;
  return must(connect_(config), where);
}

Json Cluster::object(const std::string& name, const std::map<std::string, std::string>& values, Where where) {
  for (Json& document : must(parse_yaml(text_of_manifest(values)), where)) {
    if (name_of(document) == name) return std::move(document);
  }
  stop("the manifest of this test has no object named " + name, where);
}

Json Cluster::create(const Json& object, Where where) {
  const auto kind = must(client_->find_kind(text_at(object, "/apiVersion"), text_at(object, "/kind")), where);
  step("creating " + kind.kind + " " + name_of(object));
  const Resource resource = kind.in(space_);
  if (kind.kind == "Pod") {
    await({"v1", "serviceaccounts", space_}, "default", "the service account that pods run under", [](const Json* account) { return account != nullptr; });
  }
  Result<Json> made = fail(Code::unavailable, "not tried");
  if (!kind.namespaced && !name_of(object).empty()) clean_up(resource, name_of(object));
  // The server may say that something it adds to the object, such as a token, is still being made.
  eventually("the server to be ready for " + kind.kind + " " + name_of(object), [&] {
    made = client_->create(resource, object);
    return made.ok() || made.error().reason != "ServerTimeout";
  }, timeouts::object_changes, where);
  return must(std::move(made), where);
}

Json Cluster::apply(const std::string& name, const std::map<std::string, std::string>& values, Where where) {
  return create(object(name, values, where), where);
}

std::vector<Json> Cluster::apply_manifest(Where where) {
  std::vector<Json> out;
  for (const Json& document : must(parse_yaml(text_of_manifest({})), where)) out.push_back(create(document, where));
  return out;
}

Json Cluster::start(const std::string& name, const std::map<std::string, std::string>& values, Where where) {
  apply(name, values, where);
  return await_ready(name, where);
}

Json Cluster::await_ready(const std::string& pod, Where where) {
  return await(pods(), pod, "pod " + pod + " to be ready", [](const Json* object) { return object != nullptr && has_condition(*object, "Ready"); }, timeouts::pod_runs, where);
}

Json Cluster::await_end(const std::string& pod, const std::string& phase, Where where) {
  Json ended = await(pods(), pod, "pod " + pod + " to end", [](const Json* object) {
    const std::string now = object == nullptr ? "" : text_at(*object, "/status/phase");
    return now == "Succeeded" || now == "Failed";
  }, timeouts::pod_runs, where);
  if (text_at(ended, "/status/phase") != phase) stop("expected pod " + pod + " to end as " + phase + ", it is " + at(ended, "/status").dump(), where);
  return ended;
}

std::string Cluster::logs(const std::string& pod, const Query& query, Where where) {
  step("reading the logs of " + pod);
  return must(client_->logs(space_, pod, query), where);
}

client::ExecResult Cluster::exec(const std::string& pod, std::vector<std::string> words, const std::string& container, Where where) {
  step("running \"" + join(words, " ") + "\" in " + pod);
  words.insert(words.begin(), "/plumb-test");
  return must(client_->exec(space_, pod, words, {.container = container}), where);
}

std::string Cluster::output(const std::string& pod, std::vector<std::string> words, const std::string& container, Where where) {
  const std::string told = join(words, " ");
  auto result = exec(pod, std::move(words), container, where);
  if (result.exit_code != 0) {
    stop("plumb-test " + told + " in pod " + pod + " exited with " + std::to_string(result.exit_code) + ": " + result.err + result.out, where);
  }
  if (result.out.ends_with('\n')) result.out.pop_back();
  return std::move(result.out);
}

Json Cluster::await(const Resource& resource, const std::string& name, const std::string& what, const std::function<bool(const Json*)>& condition,
                    Duration timeout, Where where) {
  step("waiting for " + what);
  return must(client_->wait_for(resource, name, what, condition, timeout), where);
}

void Cluster::await_all(const Resource& resource, const Query& query, const std::string& what, const std::function<bool(const Objects&)>& condition,
                        Duration timeout, Where where) {
  step("waiting for " + what);
  must(client_->wait_for_all(resource, query, what, condition, timeout), where);
}

void Cluster::await_gone(const Resource& resource, const std::string& name, Duration timeout, Where where) {
  await(resource, name, resource.plural + "/" + name + " to be gone", [](const Json* object) { return object == nullptr; }, timeout, where);
}

void Cluster::eventually(const std::string& what, const std::function<bool()>& condition, Duration timeout, Where where) {
  step("waiting for " + what);
  const Instant deadline = real_clock().now() + timeout;
  while (!condition()) {
    if (real_clock().now() > deadline) {
      stop("waited " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(timeout).count()) + " s for " + what, where);
    }
    wait_for(real_clock(), timeouts::poll);
  }
}

void Cluster::consistently(const std::string& what, const std::function<bool()>& condition, Duration during, Where where) {
  step("checking that all the time " + what);
  const Instant end = real_clock().now() + during;
  do {
    if (!condition()) stop("it did not stay so that " + what, where);
    wait_for(real_clock(), timeouts::poll);
  } while (real_clock().now() < end);
}

client::Event Cluster::next_event(client::Watch& watch, Where where) {
  step("waiting for a watch event");
  while (true) {
    auto event = must(watch.next(real_clock().now() + timeouts::watch_event), where);
    if (!event) stop("no watch event came in time", where);
    if (event->type != "BOOKMARK") return std::move(*event);
  }
}

Json at(const Json& object, const std::string& pointer, Json otherwise) {
  const Json::json_pointer path(pointer);
  return object.contains(path) ? object[path] : std::move(otherwise);
}

std::string text_at(const Json& object, const std::string& pointer) {
  const Json value = at(object, pointer);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t int_at(const Json& object, const std::string& pointer) {
  const Json value = at(object, pointer);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

Json container_status(const Json& pod, const std::string& container) {
  for (const char* list : {"/status/containerStatuses", "/status/initContainerStatuses"}) {
    for (const Json& status : at(pod, list, Json::array())) {
      if (text_at(status, "/name") == container) return status;
    }
  }
  return nullptr;
}

bool container_is(const Json& pod, const std::string& container, const std::string& state) {
  return !at(container_status(pod, container), "/state/" + state).is_null();
}

bool has_condition(const Json& object, const std::string& type, const std::string& status) {
  for (const Json& condition : at(object, "/status/conditions", Json::array())) {
    if (text_at(condition, "/type") == type) return text_at(condition, "/status") == status;
  }
  return false;
}

}  // namespace plumb::harness
