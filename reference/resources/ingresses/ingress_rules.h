// What an Ingress and an IngressClass must be: upstream's pkg/apis/networking/validation.
#pragma once

#include "reference/api/types/networkingv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// `previous`: nullptr at creation. What was stored wrong once may stay so: names of secrets, and rules of wildcard hosts.
void check_ingress(const networkingv1::Ingress& ingress, const networkingv1::Ingress* previous, FieldErrors& errors);
void check_ingress_status(const networkingv1::IngressStatus& status, const networkingv1::IngressStatus& previous, FieldErrors& errors);
void check_ingress_class(const networkingv1::IngressClass& ingress_class, FieldErrors& errors);

}  // namespace plumb::resources
