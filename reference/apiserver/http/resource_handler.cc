// The verbs of resources over HTTP, on top of the registry.
#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/apiserver/http/body.h"
#include "reference/apiserver/http/handler.h"
#include "reference/apiserver/http/patch.h"
#include "reference/apiserver/http/request_metrics.h"
#include "reference/apiserver/http/watch_stream.h"
#include "reference/apiserver/registry/metadata.h"

namespace plumb::apiserver {
namespace {

constexpr Duration shortest_watch = std::chrono::minutes(30);
constexpr std::chrono::seconds longest_watch = std::chrono::hours(24 * 365);  // what a client may ask for

GroupResource group_resource(const Resource& resource) { return {resource.group(), resource.names().plural}; }

bool serves(const Resource& resource, std::string_view verb) {
  for (const std::string_view each : resource.verbs())
    if (each == verb) return true;
  return false;
}

bool has_subresource(const Resource& resource, std::string_view name) {
  if (name == "status") return resource.has_status();
  if (name == "scale") return resource.has_scale();
  for (const std::string_view each : resource.subresources())
    if (each == name) return true;
  return false;
}

constexpr std::size_t field_manager_limit = 128;

void check_field_manager(std::string_view manager, resources::FieldErrors& errors) {
  const resources::FieldPath path("fieldManager");
  if (manager.size() > field_manager_limit) errors.too_long(path, field_manager_limit);
  for (std::size_t i = 0; i < manager.size(); ++i) {
    const auto c = static_cast<unsigned char>(manager[i]);
    if (c >= 0x20 && c != 0x7f) continue;
    const std::string problem = "invalid character U+00" + hex_encode(manager.substr(i, 1)) + " (at position " + std::to_string(i) + ")";
    errors.invalid(path, resources::FieldErrors::quoted(manager), problem);
  }
}

// The options of a write. `kind`: of upstream's struct for them, for the text of a refusal.
std::optional<metav1::Status> read_options(Call& call, std::string_view kind) {
  resources::FieldErrors errors;
  const Query& query = call.query();
  for (const std::string_view each : query.all("dryRun")) {
    if (each != "All") errors.not_supported(resources::FieldPath("dryRun"), resources::FieldErrors::quoted(each), {"All"});
    call.context().dry_run = true;
  }
  const std::string_view manager = query.get("fieldManager");
  check_field_manager(manager, errors);
  if (kind == "PatchOptions" && query.has("force")) errors.forbidden(resources::FieldPath("force"), "may not be specified for non-apply patch");
  call.context().field_manager = manager;
  const std::string_view validation = query.get("fieldValidation");
  if (validation == "Ignore") call.context().field_validation = FieldValidation::ignore;
  else if (validation == "Strict") call.context().field_validation = FieldValidation::strict;
  else if (!validation.empty() && validation != "Warn") errors.not_supported(resources::FieldPath("fieldValidation"), resources::FieldErrors::quoted(validation), {"", "Ignore", "Strict", "Warn"});
  if (errors.empty()) return std::nullopt;
  return status::invalid("meta.k8s.io", kind, "", errors);
}

class ResourceRequest {
 public:
  ResourceRequest(Registry& registry, const CallPtr& call, const Resource& resource)
      : registry_(registry), call_(call), resource_(resource), info_(call->info()), name_{info_.namespace_, info_.name} {
    if (!resource.names().namespaced) name_.namespace_.clear();
  }

  void serve() {
    const std::string& verb = info_.verb;
    // Over all namespaces there are only lists and watches.
    const bool everywhere = resource_.names().namespaced && name_.namespace_.empty();
    if (everywhere && !info_.name.empty()) return call_->send_status(status::path_not_found());
    if (everywhere && verb != "list" && verb != "watch") return not_allowed(verb);
    if (!info_.subresource.empty()) return serve_subresource();
    if (!serves(resource_, verb)) return not_allowed(verb);
    if (verb == "get") return get();
    if (verb == "list") return list();
    if (verb == "watch") return watch();
    if (verb == "create") return info_.name.empty() ? create() : not_allowed(verb);
    if (verb == "update") return info_.name.empty() ? not_allowed(verb) : update("");
    if (verb == "patch") return info_.name.empty() ? not_allowed(verb) : patch("");
    if (verb == "delete") return remove();
    if (verb == "deletecollection") return remove_collection();
    not_allowed(verb);
  }

 private:
  void not_allowed(std::string_view verb) {
    metav1::Status refused = status::method_not_allowed(group_resource(resource_), verb);
    refused.message = "the server does not allow this method on the requested resource";
    call_->send_status(refused);
  }

  Done<CachedPtr> send(int code) {
    return answer<CachedPtr>(call_, [call = call_, code, &resource = resource_](CachedPtr object) { call->send_object(code, resource, object); });
  }

  void get() { registry_.get(resource_, name_, call_->query().get("resourceVersion"), send(200)); }

  ApiResult<Selection> selection() {
    return parse_selection(resource_, name_.namespace_, call_->query().get("labelSelector"), call_->query().get("fieldSelector"));
  }

  ApiResult<ListOptions> list_options() {
    auto selected = selection();
    if (!selected.ok()) return selected.status();
    const Query& query = call_->query();
    ListOptions options;
    options.selection = std::move(*selected);
    options.continue_token = query.get("continue");
    options.resource_version = query.get("resourceVersion");
    options.resource_version_match = query.get("resourceVersionMatch");
    const auto limit = read_number(query, "limit");
    if (!limit.ok()) return limit.status();
    options.limit = std::max<std::int64_t>(limit->value_or(0), 0);  // a negative one is none
    if (const auto timeout = read_number(query, "timeoutSeconds"); !timeout.ok()) return timeout.status();
    if (query.has("sendInitialEvents")) {
      resources::FieldErrors errors;
      errors.forbidden(resources::FieldPath("sendInitialEvents"), "sendInitialEvents is forbidden for list");
      return status::invalid("meta.k8s.io", "ListOptions", "", errors);
    }
    return options;
  }

  void list() {
    auto options = list_options();
    if (!options.ok()) return call_->send_status(options.status());
    registry_.list(resource_, *options, answer<ListResult>(call_, [call = call_, &resource = resource_](ListResult result) { call->send_list(resource, result); }));
  }

  // A watch of one object by its path is one with a field selector.
  ApiResult<Selection> watch_selection() {
    auto selected = selection();
    if (!selected.ok() || info_.name.empty()) return selected;
    if (!selected->fields.everything()) {
      if (selected->fields.exact("metadata.name") == info_.name) return selected;
      return status::bad_request("fieldSelector metadata.name doesn't match requested name");
    }
    return parse_selection(resource_, name_.namespace_, call_->query().get("labelSelector"), "metadata.name=" + api::escape_field_value(info_.name));
  }

  void watch() {
    if (call_->accepted().encoding == Encoding::yaml) return call_->send_status(status::not_acceptable(streamed_types()));
    auto selected = watch_selection();
    if (!selected.ok()) return call_->send_status(selected.status());
    const Query& query = call_->query();
    const auto seconds = read_number(query, "timeoutSeconds");
    if (!seconds.ok()) return call_->send_status(seconds.status());
    WatchOptions options;
    options.selection = std::move(*selected);
    options.resource_version = query.get("resourceVersion");
    options.resource_version_match = query.get("resourceVersionMatch");
    options.allow_bookmarks = query.flag("allowWatchBookmarks").value_or(false);
    options.send_initial_events = query.flag("sendInitialEvents");
    Duration timeout = shortest_watch + std::chrono::milliseconds(static_cast<std::int64_t>(random_bytes(1)[0] & 0xff) * 7'000);
    if (seconds->value_or(0) > 0) timeout = std::chrono::seconds(std::min(**seconds, longest_watch.count()));
    registry_.watch(resource_, options, answer<WatcherPtr>(call_, [call = call_, &resource = resource_, timeout](WatcherPtr watcher) {
                      serve_watch(call, resource, std::move(watcher), timeout);
                    }));
  }

  void create() {
    if (resource_.is_virtual()) {  // what is computed is in no table
      const auto accepted = negotiate(call_->request().headers.get("accept"), false);
      if (!accepted) return call_->send_status(status::not_acceptable(offered_types()));
      call_->accepted() = *accepted;
    }
    if (auto refused = read_options(*call_, "CreateOptions")) return call_->send_status(*refused);
    auto object = read_object(*call_, resource_.type());
    if (!object.ok()) return call_->send_status(object.status());
    registry_.create(call_->context(), resource_, name_.namespace_, std::move(*object), send(201));
  }

  void update(std::string_view subresource) {
    if (auto refused = read_options(*call_, "UpdateOptions")) return call_->send_status(*refused);
    auto object = read_object(*call_, resource_.type());
    if (!object.ok()) return call_->send_status(object.status());
    registry_.update(call_->context(), resource_, name_, subresource, std::move(*object), send(200));
  }

  void patch(std::string_view subresource) {
    if (auto refused = read_options(*call_, "PatchOptions")) return call_->send_status(*refused);
    auto transform = read_patch(call_, resource_);
    if (!transform.ok()) return call_->send_status(transform.status());
    registry_.transform(call_->context(), resource_, name_, subresource, std::move(*transform), send(200));
  }

  // Some kinds answer a deletion with the object, the others with a Status.
  static bool returns_deleted(const Resource& resource) {
    static const std::vector<std::string_view> kinds{"pods", "persistentvolumes", "persistentvolumeclaims", "podtemplates", "resourcequotas", "serviceaccounts", "services"};
    return resource.group() == "storage.k8s.io" || (resource.group().empty() && std::find(kinds.begin(), kinds.end(), resource.names().plural) != kinds.end());
  }

  void remove() {
    auto options = read_delete_options(*call_);
    if (!options.ok()) return call_->send_status(options.status());
    const bool waits = options->orphanDependents && !*options->orphanDependents;
    registry_.remove(call_->context(), resource_, name_, *options, answer<DeleteResult>(call_, [call = call_, &resource = resource_, waits](DeleteResult result) {
                       if (!result.removed || returns_deleted(resource)) return call->send_object(!result.removed && waits ? 202 : 200, resource, result.object);
                       call->send_status(deleted(resource, *result.object));
                     }));
  }

  static metav1::Status deleted(const Resource& resource, const CachedObject& object) {
    metav1::Status done = status::success();
    metav1::StatusDetails& details = done.details.ensure();
    details.name = object->metadata.name;
    if (!resource.group().empty()) details.group = resource.group();
    details.kind = resource.names().plural;
    details.uid = object->metadata.uid;
    return done;
  }

  void remove_collection() {
    auto selected = list_options();
    if (!selected.ok()) return call_->send_status(selected.status());
    auto options = read_delete_options(*call_);
    if (!options.ok()) return call_->send_status(options.status());
    registry_.remove_collection(call_->context(), resource_, *selected, *options,
                                answer<ListResult>(call_, [call = call_, &resource = resource_](ListResult result) { call->send_list(resource, result); }));
  }

  void serve_subresource() {
    const std::string& name = info_.subresource;
    const std::string& verb = info_.verb;
    if (!has_subresource(resource_, name) || info_.name.empty()) return call_->send_status(status::path_not_found());
    if (name == "scale") return scale();
    if (name == "binding" && verb == "create") return bind();
    if (name == "eviction" && verb == "create") return evict();
    if (name == "token" && verb == "create") return token();
    if (name == "binding" || name == "eviction" || name == "token" || (name == "finalize" && verb != "update")) return not_allowed(verb);
    if (verb == "get") return get();
    if (verb == "update") return update(name);
    if (verb == "patch") return patch(name);
    not_allowed(verb);
  }

  void bind() {
    if (auto refused = read_options(*call_, "CreateOptions")) return call_->send_status(*refused);
    auto body = read_object(*call_, corev1::Binding::info());
    if (!body.ok()) return call_->send_status(body.status());
    registry_.bind(call_->context(), name_, **body, answer<CachedPtr>(call_, [call = call_](const CachedPtr&) { created(*call); }));
  }

  void evict() {
    if (auto refused = read_options(*call_, "CreateOptions")) return call_->send_status(*refused);
    // Clients up to 1.21 know the beta only; upstream takes both.
    auto body = read_object(*call_, policyv1::Eviction::info(), "policy/v1beta1");
    if (!body.ok()) return call_->send_status(body.status());
    registry_.evict(call_->context(), name_, **body, answer<DeleteResult>(call_, [call = call_](const DeleteResult&) { created(*call); }));
  }

  static void created(Call& call) {
    metav1::Status done = status::success();
    done.code = 201;
    call.send_status(done);
  }

  void token() {
    if (auto refused = read_options(*call_, "CreateOptions")) return call_->send_status(*refused);
    auto body = read_object(*call_, authenticationv1::TokenRequest::info());
    if (!body.ok()) return call_->send_status(body.status());
    registry_.issue_token(call_->context(), name_, std::move(*body), answer<std::shared_ptr<api::Object>>(call_, [call = call_](std::shared_ptr<api::Object> issued) {
                            call->send_struct(201, api::api_version(issued->type()), issued->type(), issued.get());
                          }));
  }

  static void send_scale(Call& call, const Resource& resource, const api::Object& object) {
    const resources::ScaleView view = resource.scale(object);
    autoscalingv1::Scale scale;
    scale.metadata.name = object.metadata.name;
    scale.metadata.namespace_ = object.metadata.namespace_;
    scale.metadata.uid = object.metadata.uid;
    scale.metadata.resourceVersion = object.metadata.resourceVersion;
    scale.metadata.creationTimestamp = object.metadata.creationTimestamp;
    scale.spec.replicas = view.spec_replicas;
    scale.status.replicas = view.status_replicas;
    if (!view.selector.empty()) scale.status.selector = view.selector;
    call.send_struct(200, "autoscaling/v1", autoscalingv1::Scale::info(), &scale);
  }

  void scale() {
    const auto send = answer<CachedPtr>(call_, [call = call_, &resource = resource_](const CachedPtr& object) { send_scale(*call, resource, **object); });
    if (info_.verb == "get") return registry_.get(resource_, name_, call_->query().get("resourceVersion"), send);
    if (info_.verb != "update" && info_.verb != "patch") return not_allowed(info_.verb);
    if (auto refused = read_options(*call_, info_.verb == "update" ? "UpdateOptions" : "PatchOptions")) return call_->send_status(*refused);
    if (info_.verb == "update") {
      auto body = read_object(*call_, autoscalingv1::Scale::info());
      if (!body.ok()) return call_->send_status(body.status());
      if (auto other = check_name((*body)->metadata, name_.namespace_, name_.name)) return call_->send_status(*other);
      return registry_.transform(call_->context(), resource_, name_, "scale", scaled(std::static_pointer_cast<const autoscalingv1::Scale>(api::ObjectPtr(*body))), send);
    }
    patch_scale(send);
  }

  static ApiResult<std::shared_ptr<api::Object>> with_scale(const Resource& resource, const api::Object& current, const autoscalingv1::Scale& scale) {
    if (scale.spec.replicas < 0) {
      resources::FieldErrors errors;
      errors.invalid(resources::FieldPath("spec.replicas"), std::to_string(scale.spec.replicas), "must be greater than or equal to 0");
      return status::invalid("autoscaling", "Scale", current.metadata.name, errors);
    }
    auto next = api::clone(current);
    next->metadata.resourceVersion = scale.metadata.resourceVersion;
    if (!scale.metadata.uid.empty()) next->metadata.uid = scale.metadata.uid;
    resource.set_scale(*next, scale.spec.replicas);
    return next;
  }

  Transform scaled(std::shared_ptr<const autoscalingv1::Scale> scale) const {
    return [scale = std::move(scale), &resource = resource_](const api::Object& current) { return with_scale(resource, current, *scale); };
  }

  void patch_scale(const Done<CachedPtr>& send) {
    // The patch speaks of a Scale: it is applied to the one this object shows.
    static const resources::Plain<autoscalingv1::Scale> as_scale{resources::Names{"scales", "scale"}};
    auto transform = read_patch(call_, as_scale);
    if (!transform.ok()) return call_->send_status(transform.status());
    registry_.transform(call_->context(), resource_, name_, "scale",
                        [patch = std::move(*transform), &resource = resource_](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
                          autoscalingv1::Scale scale;
                          scale.metadata = current.metadata;
                          scale.spec.replicas = resource.scale(current).spec_replicas;
                          auto patched = patch(scale);
                          if (!patched.ok()) return patched.status();
                          return with_scale(resource, current, static_cast<const autoscalingv1::Scale&>(**patched));
                        },
                        send);
  }

  Registry& registry_;
  const CallPtr call_;
  const Resource& resource_;
  const RequestInfo& info_;
  ObjectName name_;
};

}  // namespace

void serve_resource(Registry& registry, Connector* connector, const CallPtr& call, const Resource& resource) {
  const std::string& subresource = call->info().subresource;
  if (is_stream(subresource) && has_subresource(resource, subresource)) {
    if (!connector) return call->send_status(status::unavailable("this API server cannot reach kubelets: it has no client certificate for them"));
    return connector->connect(call, resource);
  }
  ResourceRequest(registry, call, resource).serve();
}

}  // namespace plumb::apiserver
