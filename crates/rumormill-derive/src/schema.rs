//! What a struct says of its columns.

use std::collections::BTreeMap;

use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Path, Result, Type,
    Visibility, ext::IdentExt, meta::ParseNestedMeta, parse_quote, parse_str,
    punctuated::Punctuated, token::Comma,
};

use crate::plain;

/// The longest name of a column, in bytes: `Column::NAME_LEN_MAX`.
const NAME_LEN_MAX: usize = 64;

/// The number of the space that columns lie in where nothing is said: `Space::SHARED`.
const SPACE: u8 = 1;

/// A struct of columns, checked.
pub(crate) struct Schema {
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    /// Where `rumormill-crdt` is found.
    pub(crate) crdt: Path,
    /// What the view derives.
    pub(crate) view: Vec<Path>,
    pub(crate) columns: Vec<Column>,
}

/// A field and the column it stands for.
pub(crate) struct Column {
    pub(crate) field: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) documentation: Vec<Attribute>,
    pub(crate) of: Type,
    pub(crate) space: u8,
    pub(crate) name: String,
}

impl Schema {
    /// Takes a struct apart. `crdt` is where `rumormill-crdt` is found if the struct does not say.
    pub(crate) fn parse(input: &DeriveInput, crdt: &str) -> Result<Self> {
        let fields = named_fields(input)?;
        let mut options = StructOptions {
            crdt: parse_str(crdt)?,
            prefix: None,
            space: SPACE,
            view: vec![
                parse_quote!(::core::clone::Clone),
                parse_quote!(::core::fmt::Debug),
                parse_quote!(::core::cmp::PartialEq),
            ],
        };
        each_option(&input.attrs, |meta| options.take(&meta))?;

        let mut columns: Vec<Column> = Vec::new();
        let mut taken: BTreeMap<(u8, String), Ident> = BTreeMap::new();
        for field in fields {
            let column = Column::parse(field, &options)?;
            let place = (column.space, column.name.clone());
            if let Some(other) = taken.insert(place, column.field.clone()) {
                let Column { name, space, field, .. } = column;
                let both = format!(
                    "`{other}` and `{field}` are both the column {name:?} of space {space}"
                );
                return Err(Error::new(field.span(), both));
            }
            columns.push(column);
        }
        let StructOptions { crdt, view, .. } = options;
        let (name, visibility) = (input.ident.clone(), input.vis.clone());
        Ok(Self { name, visibility, crdt, view, columns })
    }
}

/// The fields of a plain struct; an error for everything else.
fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &syn::Field>> {
    let wanted = |found: &str| {
        let sentence = format!(
            "`Columns` needs a struct with named fields, each of which names a column; this is {found}"
        );
        Err(Error::new(input.ident.span(), sentence))
    };
    if !input.generics.params.is_empty() {
        let sentence = "a struct of columns takes no parameters: its columns are constants";
        return Err(Error::new_spanned(&input.generics, sentence));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            Fields::Unnamed(_) => wanted("a tuple struct"),
            Fields::Unit => wanted("a struct without fields"),
        },
        Data::Enum(_) => wanted("an enum"),
        Data::Union(_) => wanted("a union"),
    }
}

/// What `#[columns(...)]` says on a struct.
struct StructOptions {
    crdt: Path,
    prefix: Option<String>,
    space: u8,
    view: Vec<Path>,
}

impl StructOptions {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("crate") {
            self.crdt = meta.value()?.parse::<LitStr>()?.parse()?;
        } else if meta.path.is_ident("prefix") {
            self.prefix = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("space") {
            self.space = space(meta)?;
        } else if meta.path.is_ident("view") {
            let derived;
            syn::parenthesized!(derived in meta.input);
            let derived = Punctuated::<Path, Comma>::parse_terminated(&derived)?;
            self.view = derived.into_iter().collect();
        } else {
            return Err(meta.error("a struct's options are `crate`, `prefix`, `space` and `view`"));
        }
        Ok(())
    }
}

impl Column {
    fn parse(field: &syn::Field, options: &StructOptions) -> Result<Self> {
        let ident = field.ident.clone().expect("the fields of a plain struct have names");
        if let Some(suggestion) = plain::suggestion(&field.ty) {
            let sentence = format!(
                "a plain value is no column: concurrent edits could not merge; {suggestion}"
            );
            return Err(Error::new_spanned(&field.ty, sentence));
        }
        let (mut own, mut lies_in) = (ident.unraw().to_string(), options.space);
        let mut named_at = ident.span();
        each_option(&field.attrs, |meta| {
            if meta.path.is_ident("name") {
                let name = meta.value()?.parse::<LitStr>()?;
                (own, named_at) = (name.value(), name.span());
            } else if meta.path.is_ident("space") {
                lies_in = space(&meta)?;
            } else {
                return Err(meta.error("a field's options are `name` and `space`"));
            }
            Ok(())
        })?;
        if own.is_empty() {
            return Err(Error::new(named_at, "a column needs a name"));
        }
        let name = match &options.prefix {
            Some(prefix) => format!("{prefix}.{own}"),
            None => own,
        };
        if name.len() > NAME_LEN_MAX {
            let sentence = format!(
                "a column's name is at most {NAME_LEN_MAX} bytes; {name:?} has {}",
                name.len()
            );
            return Err(Error::new(named_at, sentence));
        }
        Ok(Self {
            field: ident,
            visibility: field.vis.clone(),
            documentation: attributes(&field.attrs, "doc").cloned().collect(),
            of: field.ty.clone(),
            space: lies_in,
            name,
        })
    }
}

/// The number of the space that an option names.
fn space(meta: &ParseNestedMeta<'_>) -> Result<u8> {
    let wanted = "a space is \"self\", \"shared\", \"stats\" or a number from 0 to 255";
    let value = meta.value()?;
    if value.peek(LitInt) {
        let number: LitInt = value.parse()?;
        return number.base10_parse().map_err(|_| Error::new(number.span(), wanted));
    }
    let name: LitStr = value.parse().map_err(|error| Error::new(error.span(), wanted))?;
    match name.value().as_str() {
        "self" => Ok(0),
        "shared" => Ok(1),
        "stats" => Ok(2),
        _ => Err(Error::new(name.span(), wanted)),
    }
}

fn each_option(
    attrs: &[Attribute],
    mut take: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    attributes(attrs, "columns").try_for_each(|attribute| attribute.parse_nested_meta(&mut take))
}

fn attributes<'a>(attrs: &'a [Attribute], name: &str) -> impl Iterator<Item = &'a Attribute> {
    attrs.iter().filter(move |attribute| attribute.path().is_ident(name))
}
