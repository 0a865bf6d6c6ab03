// What the API answers when a request fails: a metav1.Status with upstream's code, reason, details and text; and ApiResult, the value or
// such a Status. One function a reason; `resource` is the plural, as in the texts that clients match on.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/types/metav1.h"
#include "reference/resources/field_errors.h"

namespace plumb::apiserver {

// Which objects a Status speaks of: "deployments.apps".
struct GroupResource {
  std::string_view group, resource;
  std::string text() const;
};

namespace status {
metav1::Status bad_request(std::string message);
metav1::Status unauthorized(std::string message = "Unauthorized");
metav1::Status forbidden(GroupResource resource, std::string_view name, std::string_view why);
metav1::Status not_found(GroupResource resource, std::string_view name);
metav1::Status already_exists(GroupResource resource, std::string_view name);
// `the object has been modified; …` is the text for a stale resourceVersion.
metav1::Status conflict(GroupResource resource, std::string_view name, std::string_view why);
metav1::Status stale(GroupResource resource, std::string_view name);
metav1::Status invalid(std::string_view group, std::string_view kind, std::string_view name, const resources::FieldErrors& errors);
metav1::Status expired(std::string message);
metav1::Status too_old(std::string_view requested, std::string_view oldest);
metav1::Status too_large_resource_version(std::uint64_t requested, std::uint64_t current);
metav1::Status method_not_allowed(GroupResource resource, std::string_view verb);
metav1::Status path_not_found();  // 404 for a path that names nothing
metav1::Status not_acceptable(const std::vector<std::string>& offered);
// `sent`: the type of a patch, for the text that kubectl shows.
metav1::Status unsupported_media_type(const std::vector<std::string>& accepted, std::string_view sent = {});
metav1::Status entity_too_large(std::string message);
metav1::Status too_many_requests(std::string message, int retry_after_seconds);
metav1::Status timeout(std::string message, int retry_after_seconds = 0);
metav1::Status unavailable(std::string message);
metav1::Status internal(std::string_view message);
// A failure of the layers below.
metav1::Status from_error(const Error& error);
Error to_error(const metav1::Status& status);
metav1::Status success();
}  // namespace status

template <class T>
class [[nodiscard]] ApiResult {
 public:
  using value_type = T;
  ApiResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  ApiResult(metav1::Status status) : state_(std::in_place_index<1>, std::move(status)) {}

  bool ok() const { return state_.index() == 0; }
  // Precondition: ok().
  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // Precondition: !ok().
  const metav1::Status& status() const { return std::get<1>(state_); }

 private:
  std::variant<T, metav1::Status> state_;
};

}  // namespace plumb::apiserver
