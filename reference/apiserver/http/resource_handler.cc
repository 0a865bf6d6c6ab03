// The verbs of resources over HTTP, on top of the registry.
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

namespace plumb::apiserver {
namespace {

constexpr Duration shortest_watch = std::chrono::minutes(30);

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

std::optional<metav1::Status> read_options(Call& call) {
  for (const std::string_view each : call.query().all("dryRun")) {
    if (each != "All") {
      resources::FieldErrors errors;
      errors.not_supported(resources::FieldPath("dryRun"), each, {"All"});
      return status::invalid("meta.k8s.io", "CreateOptions", "", errors);
    }
    call.context().dry_run = true;
  }
  call.context().field_manager = call.query().get("fieldManager");
  const std::string_view validation = call.query().get("fieldValidation");
  if (validation == "Ignore") call.context().field_validation = FieldValidation::ignore;
  else if (validation == "Strict") call.context().field_validation = FieldValidation::strict;
  else if (!validation.empty() && validation != "Warn") {
    resources::FieldErrors errors;
    errors.not_supported(resources::FieldPath("fieldValidation"), validation, {"", "Ignore", "Strict", "Warn"});
    return status::invalid("meta.k8s.io", "CreateOptions", "", errors);
  }
  return std::nullopt;
}

class ResourceRequest {
 public:
  ResourceRequest(Registry& registry, const CallPtr& call, const Resource& resource)
      : registry_(registry), call_(call), resource_(resource), info_(call->info()), name_{info_.namespace_, info_.name} {
    if (!resource.names().namespaced) name_.namespace_.clear();
  }

  void serve() {
    if (!info_.subresource.empty()) return serve_subresource();
    const std::string& verb = info_.verb;
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
  void not_allowed(std::string_view verb) { call_->send_status(status::method_not_allowed(group_resource(resource_), verb)); }

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
    if (query.has("limit")) {
      const auto limit = parse_int(query.get("limit"));
      if (!limit || *limit < 0) return status::bad_request("limit must be a number that is not negative");
      options.limit = *limit;
    }
    return options;
  }

  void list() {
    auto options = list_options();
    if (!options.ok()) return call_->send_status(options.status());
    registry_.list(resource_, *options, answer<ListResult>(call_, [call = call_, &resource = resource_](ListResult result) { call->send_list(resource, result); }));
  }

  void watch() {
    auto selected = selection();
    if (!selected.ok()) return call_->send_status(selected.status());
    const Query& query = call_->query();
    WatchOptions options;
    options.selection = std::move(*selected);
    if (!info_.name.empty()) {
      auto named = parse_selection(resource_, name_.namespace_, query.get("labelSelector"), "metadata.name=" + api::escape_field_value(info_.name));
      if (!named.ok()) return call_->send_status(named.status());
      options.selection = std::move(*named);
    }
    options.resource_version = query.get("resourceVersion");
    options.resource_version_match = query.get("resourceVersionMatch");
    options.allow_bookmarks = query.flag("allowWatchBookmarks").value_or(false);
    options.send_initial_events = query.flag("sendInitialEvents");
    Duration timeout = shortest_watch + std::chrono::milliseconds(static_cast<std::int64_t>(random_bytes(1)[0] & 0xff) * 7'000);
    if (const auto seconds = parse_int(query.get("timeoutSeconds")); seconds && *seconds > 0) timeout = std::chrono::seconds(*seconds);
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
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
    auto object = read_object(*call_, resource_.type());
    if (!object.ok()) return call_->send_status(object.status());
    registry_.create(call_->context(), resource_, name_.namespace_, std::move(*object), send(201));
  }

  void update(std::string_view subresource) {
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
    auto object = read_object(*call_, resource_.type());
    if (!object.ok()) return call_->send_status(object.status());
    registry_.update(call_->context(), resource_, name_, subresource, std::move(*object), send(200));
  }

  void patch(std::string_view subresource) {
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
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
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
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
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
    auto options = read_delete_options(*call_);
    if (!options.ok()) return call_->send_status(options.status());
    auto selected = list_options();
    if (!selected.ok()) return call_->send_status(selected.status());
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
    if (name == "binding" || name == "eviction" || name == "token") return not_allowed(verb);
    if (verb == "get") return get();
    if (verb == "update") return update(name);
    if (verb == "patch") return patch(name);
    not_allowed(verb);
  }

  void bind() {
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
    auto body = read_object(*call_, corev1::Binding::info());
    if (!body.ok()) return call_->send_status(body.status());
    registry_.bind(call_->context(), name_, **body, answer<CachedPtr>(call_, [call = call_](const CachedPtr&) { created(*call); }));
  }

  void evict() {
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
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
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
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
    if (auto refused = read_options(*call_)) return call_->send_status(*refused);
    if (info_.verb == "update") {
      auto body = read_object(*call_, autoscalingv1::Scale::info());
      if (!body.ok()) return call_->send_status(body.status());
      return registry_.transform(call_->context(), resource_, name_, "scale", scaled(std::static_pointer_cast<const autoscalingv1::Scale>(api::ObjectPtr(*body))), send);
    }
    if (info_.verb == "patch") return patch_scale(send);
    not_allowed(info_.verb);
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
