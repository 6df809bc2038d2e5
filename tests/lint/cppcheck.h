/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loops of libmnl and jansson as cppcheck is told of them in `make analyze`, because
 * it looks into no header of theirs.
 */
#define mnl_attr_for_each_nested(attr, nest)                                                       \
	for ((attr) = mnl_attr_get_payload(nest); mnl_attr_ok(attr, 4); (attr) = mnl_attr_next(attr))
#define json_array_foreach(array, i, value)                                                        \
	for ((i) = 0; ((value) = json_array_get(array, i)); (i)++)
#define json_object_foreach(object, key, value)                                                    \
	for ((key) = json_object_iter_key(json_object_iter(object));                               \
	     (key) && ((value) = json_object_get(object, key));                                    \
	     (key) = json_object_iter_key(json_object_iter_next(object, key)))
