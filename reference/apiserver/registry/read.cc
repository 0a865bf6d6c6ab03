// Get, list and watch.
#include "harness/base/encoding.h"
#include "reference/apiserver/registry/continue_token.h"
#include "reference/apiserver/registry/versions.h"

namespace plumb::apiserver {
namespace {

GroupResource group_resource(const Resource& resource) { return {resource.group(), resource.names().plural}; }

std::string prefix_of(const Selection& selection) { return selection.namespace_.empty() ? std::string() : selection.namespace_ + "/"; }

metav1::Status invalid_options(const resources::FieldErrors& errors) { return status::invalid("meta.k8s.io", "ListOptions", "", errors); }

// Upstream lets this pass as an internal error (500) where it reads from its cache.
metav1::Status bad_version(std::string_view text) {
  resources::FieldErrors errors;
  const std::string shown = resources::FieldErrors::quoted(text);
  errors.invalid(resources::FieldPath("resourceVersion"), shown, "strconv.ParseUint: parsing " + shown + ": invalid syntax");
  return status::bad_request("invalid resource version: resourceVersion: " + errors.list().front().message);
}

std::optional<Revision> parse_version(std::string_view text) {
  if (text.empty()) return 0;
  const auto number = parse_int(text);
  return number && *number >= 0 ? std::optional<Revision>(*number) : std::nullopt;
}

// Which state of the resource a list shows.
struct ListPlan {
  enum class From { latest, any, not_older, exact } from = From::latest;
  Revision revision = 0;
  std::string start;
  bool paged = false;  // goes on from a token
};

ApiResult<ListPlan> plan_list(const ListOptions& options) {
  const auto version = parse_version(options.resource_version);
  resources::FieldErrors errors;
  const resources::FieldPath match_path("resourceVersionMatch");
  const std::string& match = options.resource_version_match;
  if (!options.continue_token.empty()) {
    if (!match.empty()) {
      errors.forbidden(match_path, "resourceVersionMatch is forbidden when continue is provided");
      return invalid_options(errors);
    }
    if (!options.resource_version.empty() && options.resource_version != "0")
      return status::bad_request("specifying resource version is not allowed when using continue");
    auto token = ContinueToken::decode(options.continue_token);
    if (!token.ok()) return token.status();
    return ListPlan{token->revision < 0 ? ListPlan::From::latest : ListPlan::From::exact, std::max<Revision>(token->revision, 0), token->start, true};
  }
  if (!match.empty() && match != metav1::ResourceVersionMatchExact && match != metav1::ResourceVersionMatchNotOlderThan)
    errors.not_supported(match_path, resources::FieldErrors::quoted(match), {metav1::ResourceVersionMatchExact, metav1::ResourceVersionMatchNotOlderThan, ""});
  else if (!match.empty() && options.resource_version.empty())
    errors.forbidden(match_path, "resourceVersionMatch is forbidden unless resourceVersion is provided");
  else if (match == metav1::ResourceVersionMatchExact && options.resource_version == "0")
    errors.forbidden(match_path, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  if (!errors.empty()) return invalid_options(errors);
  if (!version) return bad_version(options.resource_version);
  if (options.resource_version.empty()) return ListPlan{};
  if (options.resource_version == "0") return ListPlan{ListPlan::From::any, 0, {}};
  const bool exact = match == metav1::ResourceVersionMatchExact || (match.empty() && options.limit > 0);
  return ListPlan{exact ? ListPlan::From::exact : ListPlan::From::not_older, *version, {}};
}

// Collects what a page shows, in the order of keys.
class Page {
 public:
  Page(const Resource& resource, const ListOptions& options) : resource_(resource), options_(options) {}
  // False when the page is full; then the list goes on at the object that did not fit.
  bool add(const CachedPtr& object) {
    Candidate candidate(resource_, **object);
    if (!options_.selection.matches(candidate)) return true;
    if (options_.limit > 0 && result.items.size() == static_cast<std::size_t>(options_.limit)) {
      next = object->key();
      return false;
    }
    result.items.push_back(object);
    return true;
  }

  ListResult result;
  std::string next;

 private:
  const Resource& resource_;
  const ListOptions& options_;
};

ListResult list_cached(const ResourceCache& cache, const ResourceCache::State& state, Revision shown, const ListOptions& options, const std::string& start) {
  Page page(cache.resource(), options);
  const std::string prefix = prefix_of(options.selection);
  if (options.selection.everything() && options.limit == 0) page.result.items.reserve(prefix.empty() ? state.objects->size() : 64);
  state.objects->visit(prefix, start, [&](const CachedPtr& object) { return page.add(object); });
  page.result.revision = shown;
  if (!page.next.empty()) {
    page.result.continue_token = ContinueToken{shown, page.next}.encode();
    if (options.selection.everything()) page.result.remaining = static_cast<std::int64_t>(state.objects->count(prefix, page.next));
  }
  return std::move(page.result);
}

metav1::Status expired_page(const std::string& start) {
  metav1::Status gone = status::expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
      "or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an "
      "inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in "
      "the list.");
  gone.metadata.continue_ = ContinueToken{-1, start}.encode();
  return gone;
}

// From the store's history. Blocks: runs on a worker.
ApiResult<ListResult> list_stored(store::Store& store, const Resource& resource, const ListOptions& options, const ListPlan& plan) {
  const std::string root = storage_prefix(resource);
  Page page(resource, options);
  store::ListRequest request;
  request.prefix = root + prefix_of(options.selection);
  request.revision = plan.revision;
  request.limit = 500;
  request.count_rest = false;
  if (!plan.start.empty()) request.start = root + plan.start;
  for (bool more = true; more && page.next.empty();) {
    auto stored = store.list(request);
    if (!stored.ok()) {
      if (stored.error().reason == store::reason::future_revision) return status::too_large_resource_version(static_cast<std::uint64_t>(plan.revision), 0);
      if (stored.error().code != Code::expired) return status::from_error(stored.error());
      return plan.paged ? expired_page(plan.start) : status::expired("The resourceVersion for the provided list is too old.");
    }
    for (const store::KeyValue& kv : stored->kvs) {
      auto object = decode_stored(resource, *kv.value);
      if (!object.ok()) return status::internal(object.error().message);
      (*object)->metadata.resourceVersion = std::to_string(kv.mod_revision);
      if (!page.add(std::make_shared<CachedObject>(std::string_view(kv.key).substr(root.size()), std::move(*object), kv.mod_revision))) break;
    }
    more = stored->more && !stored->kvs.empty();
    if (more) request.start = stored->kvs.back().key + '\0';
  }
  page.result.revision = plan.revision;
  if (!page.next.empty()) {
    page.result.continue_token = ContinueToken{plan.revision, page.next}.encode();
    store::ListRequest rest = request;
    rest.start = root + page.next;
    rest.keys_only = true;
    rest.limit = 1;
    rest.count_rest = true;
    if (options.selection.everything())
      if (const auto counted = store.list(rest); counted.ok()) page.result.remaining = counted->remaining + 1;
  }
  return std::move(page.result);
}

}  // namespace

ApiResult<Selection> parse_selection(const Resource& resource, std::string_view namespace_, std::string_view label_selector, std::string_view field_selector) {
  Selection selection;
  selection.namespace_ = namespace_;
  auto labels = api::LabelSelector::parse(label_selector);
  if (!labels.ok()) return status::bad_request(labels.error().message);
  selection.labels = std::move(*labels);
  auto fields = api::FieldSelector::parse(field_selector);
  if (!fields.ok()) return status::bad_request(fields.error().message);
  const auto known = resource.selectable_field_names();
  for (const api::FieldRequirement& requirement : fields->requirements()) {
    if (requirement.field == "metadata.name" || (requirement.field == "metadata.namespace" && resource.names().namespaced)) continue;
    if (known.empty())
      return status::bad_request("\"" + requirement.field + "\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
    if (std::find(known.begin(), known.end(), requirement.field) == known.end())
      return status::bad_request("field label not supported: " + requirement.field);
  }
  selection.fields = resource.stored_as() ? fields->renamed([&](std::string_view field) { return resource.stored_field(field); }) : std::move(*fields);
  return selection;
}

void Registry::get(const Resource& resource, const ObjectName& name, std::string_view resource_version, Done<CachedPtr> done) {
  ResourceCache* cache = options_.cache->find(resource);
  if (!cache) return done(status::method_not_allowed(group_resource(resource), "get"));
  const auto version = parse_version(resource_version);
  if (!version) return done(bad_version(resource_version));
  auto answer = [cache, &resource, name, wanted = *version, watch_cache = options_.cache, done = std::move(done)](Status fresh) {
    if (!fresh.ok()) return done(status::from_error(fresh.error()));
    if (wanted > watch_cache->revision())
      return done(status::too_large_resource_version(static_cast<std::uint64_t>(wanted), static_cast<std::uint64_t>(watch_cache->revision())));
    if (const CachedPtr found = cache->find(name.key())) return done(shown_as(resource, found));
    done(status::not_found(group_resource(resource), name.name));
  };
  if (resource_version == "0" || (*version > 0 && options_.cache->revision() >= *version)) return answer({});
  options_.cache->when_fresh(std::move(answer));
}

void Registry::list(const Resource& resource, const ListOptions& options, Done<ListResult> done) {
  ResourceCache* cache = options_.cache->find(resource);
  if (!cache) return done(status::method_not_allowed(group_resource(resource), "list"));
  auto plan = plan_list(options);
  if (!plan.ok()) return done(plan.status());
  auto answer = [this, cache, options, plan = *plan, done = in_version(resource, std::move(done))](Status fresh) {
    if (!fresh.ok()) return done(status::from_error(fresh.error()));
    const ResourceCache::State state = cache->state();
    if (plan.revision > state.revision)
      return done(status::too_large_resource_version(static_cast<std::uint64_t>(plan.revision), static_cast<std::uint64_t>(state.revision)));
    if (plan.from != ListPlan::From::exact) return done(list_cached(*cache, state, state.revision, options, plan.start));
    if (plan.revision >= state.last_change) return done(list_cached(*cache, state, plan.revision, options, plan.start));
    const bool accepted = blocking_.try_post([this, cache, options, plan, done] { done(list_stored(*options_.store, cache->resource(), options, plan)); });
    if (!accepted) done(status::too_many_requests("too many lists of past revisions are under way, please try again later", 1));
  };
  if (plan->from == ListPlan::From::any || (plan->revision > 0 && options_.cache->revision() >= plan->revision)) return answer({});
  options_.cache->when_fresh(std::move(answer));
}

void Registry::watch(const Resource& resource, const WatchOptions& options, Done<WatcherPtr> done) {
  ResourceCache* cache = options_.cache->find(resource);
  if (!cache) return done(status::method_not_allowed(group_resource(resource), "watch"));
  const auto version = parse_version(options.resource_version);
  if (!version) return done(bad_version(options.resource_version));
  resources::FieldErrors errors;
  const resources::FieldPath match_path("resourceVersionMatch");
  const std::string& match = options.resource_version_match;
  if (options.send_initial_events) {
    if (match.empty())
      errors.forbidden(match_path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    else if (match != metav1::ResourceVersionMatchNotOlderThan)
      errors.not_supported(match_path, resources::FieldErrors::quoted(match), {metav1::ResourceVersionMatchNotOlderThan});
  } else if (!match.empty()) {
    errors.forbidden(match_path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (!errors.empty()) return done(invalid_options(errors));

  WatchStart start;
  start.bookmarks = options.allow_bookmarks;
  start.initial_bookmark = options.send_initial_events.value_or(false) && options.allow_bookmarks;
  const bool from_state = options.send_initial_events ? *options.send_initial_events : *version == 0;
  const bool from_now = !from_state && *version == 0;
  if (!from_state) start.after = *version;
  auto answer = [cache, selection = options.selection, start, from_now, watch_cache = options_.cache, wanted = *version,
                 done = in_version(resource, std::move(done))](Status fresh) {
    if (!fresh.ok()) return done(status::from_error(fresh.error()));
    WatchStart begin = start;
    if (from_now) begin.after = watch_cache->revision();
    if (!begin.after && wanted > watch_cache->revision())
      return done(status::too_large_resource_version(static_cast<std::uint64_t>(wanted), static_cast<std::uint64_t>(watch_cache->revision())));
    done(cache->watch(selection, begin));
  };
  const bool any = options.resource_version == "0" || (start.after && *version > 0);
  if (any || (*version > 0 && options_.cache->revision() >= *version)) return answer({});
  options_.cache->when_fresh(std::move(answer));
}

api::ObjectPtr Registry::get(const api::TypeInfo& type, std::string_view namespace_, std::string_view name) const {
  const Resource* resource = resources::find_by_type(type);
  const ResourceCache* cache = resource ? options_.cache->find(*resource) : nullptr;
  if (!cache) return nullptr;
  const CachedPtr found = cache->find(ObjectName{std::string(namespace_), std::string(name)}.key());
  return found ? shown_as(*resource, found)->object() : nullptr;
}

std::vector<api::ObjectPtr> Registry::list(const api::TypeInfo& type, std::string_view namespace_) const {
  std::vector<api::ObjectPtr> found;
  const Resource* resource = resources::find_by_type(type);
  const ResourceCache* cache = resource ? options_.cache->find(*resource) : nullptr;
  if (!cache) return found;
  cache->state().objects->visit(namespace_.empty() ? std::string() : std::string(namespace_) + "/", {}, [&](const CachedPtr& object) {
    found.push_back(shown_as(*resource, object)->object());
    return true;
  });
  return found;
}

}  // namespace plumb::apiserver
