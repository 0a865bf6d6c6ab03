#include "reference/controllers/framework/plan.h"

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"

namespace plumb::controllers {

namespace {

constexpr std::string_view verbs[] = {"get", "create", "update", "patch", "delete", "deletecollection"};

std::string target(const Request& request) {
  std::string name = request.name;
  if (name.empty() && request.object) {
    name = request.object->metadata.name.str();
    if (name.empty()) name = request.object->metadata.generateName.str() + "*";
  }
  return informer::object_key(request.namespace_, name);
}

std::string line(const Action& action) {
  const Request& request = action.request;
  std::string text(action.list ? std::string_view("list") : verbs[static_cast<int>(request.verb)]);
  text += " " + request.resource->group_resource();
  if (!request.subresource.empty()) text += "/" + request.subresource;
  text += " " + target(request);
  if (request.verb == informer::Verb::patch) text += " " + request.patch;
  if (request.verb == informer::Verb::remove && request.delete_options.propagationPolicy)
    text += " " + request.delete_options.propagationPolicy->str();
  return text;
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string text;
  for (const Event& event : plan.events)
    text += "event " + std::string(event.type) + " " + std::string(event.reason) + " " + event.message + "\n";
  for (const Stage& stage : plan.stages) {
    std::string last;
    std::size_t same = 0;
    const auto flush = [&] {
      if (same) text += last + (same > 1 ? " x" + std::to_string(same) : "") + (stage.slow_start ? " slowly" : "") + "\n";
    };
    for (const Action& action : stage.actions) {
      std::string next = line(action);
      if (next == last) {
        ++same;
        continue;
      }
      flush();
      last = std::move(next);
      same = 1;
    }
    flush();
  }
  if (plan.again_after) text += "again after " + api::format_duration(*plan.again_after) + "\n";
  if (plan.retry) text += "retry: " + plan.retry->message + "\n";
  return text;
}

}  // namespace plumb::controllers
