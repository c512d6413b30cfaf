//! What is made of a struct of columns.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::schema::{Column, Schema};

/// Makes the columns, the view, and the functions that go with them.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    let columns = columns(schema);
    let view = view(schema);
    let functions = functions(schema);
    let used = used(schema);
    quote! {
        #columns
        #view
        #functions
        #used
    }
}

/// The struct with a column for each field.
fn columns(Schema { name, visibility, crdt, columns, .. }: &Schema) -> TokenStream {
    let columns_name = format_ident!("{name}Columns");
    let documentation = format!("The columns that [`{name}`] names.");
    let fields = columns.iter().map(|column| {
        let Column { field, visibility, of, .. } = column;
        let documentation = documentation_of(column);
        quote! { #documentation #visibility #field: #crdt::Column<#of> }
    });
    quote! {
        #[doc = #documentation]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #[allow(dead_code)]
        #visibility struct #columns_name { #(#fields,)* }
    }
}

/// The struct with what each column reads as.
fn view(Schema { name, visibility, crdt, view, columns }: &Schema) -> TokenStream {
    let view_name = format_ident!("{name}View");
    let documentation = format!("What the columns of [`{name}`] read as.");
    let fields = columns.iter().map(|column| {
        let Column { field, visibility, of, .. } = column;
        let documentation = documentation_of(column);
        let read = quote_spanned! { of.span() => <#of as #crdt::ColumnType>::Read };
        quote! { #documentation #visibility #field: #read }
    });
    quote! {
        #[doc = #documentation]
        #[derive(#(#view),*)]
        #[allow(dead_code)]
        #visibility struct #view_name { #(#fields,)* }
    }
}

/// What the struct itself offers.
fn functions(Schema { name, visibility, crdt, columns, .. }: &Schema) -> TokenStream {
    let (columns_name, view_name) = (format_ident!("{name}Columns"), format_ident!("{name}View"));
    let fields: Vec<_> = columns.iter().map(|column| &column.field).collect();
    let reads = columns.iter().map(|Column { field, of, .. }| {
        quote_spanned! { of.span() => <#of as #crdt::ColumnType>::read(&Self::COLUMNS.#field, table) }
    });
    let clashes = columns.iter().map(|Column { field, of, .. }| {
        quote_spanned! { of.span() => #crdt::Column::<#of>::clashes(&Self::COLUMNS.#field, table) }
    });
    let spaces = columns.iter().map(|column| column.space);
    let names = columns.iter().map(|column| &column.name);
    quote! {
        #[allow(dead_code)]
        impl #name {
            /// The columns, to edit through and to read one by one.
            #visibility const COLUMNS: &'static #columns_name = &#columns_name {
                #(#fields: #crdt::Column::new(#crdt::Space(#spaces), #names),)*
            };

            /// Reads all columns.
            #[must_use]
            #visibility fn read(table: &#crdt::Table) -> #view_name {
                #view_name {
                    #(#fields: #reads,)*
                }
            }

            /// Lists cells that stand under the columns' names and are not of their types, which
            /// are neither read nor lost.
            #[must_use]
            #visibility fn clashes(
                table: &#crdt::Table,
            ) -> #crdt::__private::Vec<#crdt::Clash> {
                let mut clashes = #crdt::__private::Vec::new();
                #(clashes.extend(#clashes);)*
                clashes
            }
        }
    }
}

/// Uses the struct and its fields, so that nobody is told that they are never used.
fn used(Schema { name, columns, .. }: &Schema) -> TokenStream {
    let fields: Vec<_> = columns.iter().map(|column| &column.field).collect();
    quote! {
        const _: () = {
            #[allow(dead_code)]
            fn used(it: #name) -> #name {
                #name { #(#fields: it.#fields,)* }
            }
        };
    }
}

/// The field's own documentation, or the column's name.
fn documentation_of(column: &Column) -> TokenStream {
    let Column { documentation, name, .. } = column;
    if documentation.is_empty() {
        let documentation = format!("The column `{name}`.");
        return quote! { #[doc = #documentation] };
    }
    quote! { #(#documentation)* }
}
